import { join } from 'node:path';
import { HANDS_PROTOCOL } from '../runtime/foreign/errands';
import { serveErrands } from '../runtime/foreign/serve-errands';
import { leaveNoCore } from '../sys/process/no-core';
import { calledAs, nameThisProcess } from '../sys/process/process-name';
import { messageOf } from '../sys/thrown';
import { Copier } from './copier/copier';
import { parseCommandLine, USAGE } from './command-line';
import { readState } from './handover/take-up';
import { LOG_NAME, LogFile } from './log';
import { resume, serve } from './serve';
import { runSingle } from './single';
import { VERSION } from './version';

const STDIN_FD = 0;

async function main(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args);
  switch (line.kind) {
    case 'version':
      process.stdout.write(`holdfast-shim ${VERSION}\n`);
      return 0;
    case 'serve':
      await serve(line.stateDir, line.name);
      return 0;
    case 'resume':
      await resume(line.stateDir, line.name, line.stateFd).catch((error: unknown) => {
        new LogFile(join(line.stateDir, LOG_NAME)).error('cannot go on as this program', error);
        // Whatever it has done already: its processes want another shim, which is there when it is dead.
        process.exit(1);
      });
      return 0;
    case 'rehearse':
      readState(STDIN_FD);
      return 0;
    case 'single':
      return runSingle(line.id, line.bundle, line.runtime);
    case 'hands':
      if (line.protocol !== HANDS_PROTOCOL) throw new Error(`hands of protocol ${line.protocol} are wanted, and these are of ${HANDS_PROTOCOL}`);
      serveErrands();
      return 0;
    case 'copier':
      new Copier().run();
      return 0;
    case 'wrong':
      process.stderr.write(USAGE);
      return 2;
  }
}

// Secrets and output of programs pass through here, in each of these processes.
leaveNoCore();
nameThisProcess([calledAs(), ...process.argv.slice(2)]);
main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`holdfast-shim: ${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
