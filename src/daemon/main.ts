import { errorCodeOf, messageOf } from '../sys/thrown';
import { readCommandLine } from './command-line';
import { Daemon } from './daemon';
import { DaemonError } from './errors';
import { helpText, versionText } from './help';
import { createLogger } from './log';
import { VERSION } from './version';

/** `holdfastd`: reads the command line, runs the daemon until a signal ends it. Exit status 1: it could not start. */
async function main(args: readonly string[]): Promise<void> {
  const invocation = readCommandLine(args);
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`${versionText(VERSION)}\n`);
      return;
    case 'run':
      await run(invocation.settings);
  }
}

async function run(settings: ConstructorParameters<typeof Daemon>[0]): Promise<void> {
  const log = createLogger(settings.logLevel);
  const daemon = new Daemon(settings, log);
  // A write to a pipe whose reader is gone fails; it must not end the daemon (failure 3 of the field).
  process.on('SIGPIPE', () => undefined);
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  process.on('SIGUSR1', () => { daemon.dump(); });
  await daemon.start();
  const signal = await ended;
  log.info({ signal }, 'stopping');
  await daemon.stop();
  process.exit(0);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // One clear line for the operator; what is not ours shows where it came from.
  const text = error instanceof DaemonError || isExpected(error) ? messageOf(error) : String((error as Error).stack);
  process.stderr.write(`holdfastd: ${text}\n`, () => process.exit(1));
});

/** Errors of the system and of the socket say by themselves what is wrong. */
function isExpected(error: unknown): boolean {
  return errorCodeOf(error) !== undefined;
}
