import { messageOf } from '../sys/thrown';
import { parseCommandLine, USAGE } from './command-line';
import { serve } from './serve';
import { runSingle } from './single';
import { VERSION } from './version';

async function main(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args);
  switch (line.kind) {
    case 'version':
      process.stdout.write(`holdfast-shim ${VERSION}\n`);
      return 0;
    case 'serve':
      await serve(line.stateDir, line.name);
      return 0;
    case 'single':
      return runSingle(line.id, line.bundle, line.runtime);
    case 'wrong':
      process.stderr.write(USAGE);
      return 2;
  }
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`holdfast-shim: ${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
