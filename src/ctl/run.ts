import { version as ownVersion } from '../../package.json';
import { Command, CommanderError } from 'commander';
import { errorCodeOf, messageOf } from '../sys/thrown';
import { DEFAULT_ADDRESS, parseAddress } from './address';
import type { DaemonClient } from './daemon-client';
import { CtlError } from './errors';
import { exitStatus } from './exit-status';
import { commands } from './registry';
import { painterFor } from './text/colour';
import type { Io, Tool } from './tool';

/** The command line as a whole: runs `args` (without the program's name) and returns the exit status. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = makeProgram(io);
  let status: number = exitStatus.ok;
  let client: DaemonClient | undefined;
  const address = (): ReturnType<typeof parseAddress> =>
    parseAddress(program.opts<{ address?: string }>().address ?? io.env['HOLDFAST_ADDRESS'] ?? DEFAULT_ADDRESS);
  const tool: Tool = {
    io,
    paint: painterFor(io.stdout.isTTY === true, io.env),
    address,
    async connect() {
      const { DaemonClient: Client } = await import('./daemon-client');
      client ??= new Client(address());
      return client;
    },
    print: (line) => void io.stdout.write(`${line}\n`),
    explain: (message, hint) => {
      io.stderr.write(`holdfastctl: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
    },
    finish: (value) => {
      status = value;
    },
  };
  for (const define of commands) define(program, tool);

  const outputClosed = watchForClosedOutput(io);
  try {
    const done = program.parseAsync([...args], { from: 'user' }).then(() => undefined);
    return (await Promise.race([done, outputClosed.status])) ?? status;
  } catch (error) {
    return statusOfFailure(error, tool);
  } finally {
    outputClosed.stop();
    client?.close();
  }
}

function makeProgram(io: Io): Command {
  return new Command('holdfastctl')
    .description('Starts, watches and ends the containers of a holdfastd.')
    .version(`holdfastctl version ${ownVersion}`, '-v, --version', "shows this program's version (the command: the daemon's too)")
    .option('-s, --address <socket>', `the daemon's unix socket (or HOLDFAST_ADDRESS; default ${DEFAULT_ADDRESS})`)
    .helpCommand('help [command]', 'says what a command does and takes')
    .showHelpAfterError('(holdfastctl help says more)')
    .addHelpText('after', '\nExit status: 0 done, 1 failed, 2 wrong arguments, 7 unreachable or not running;\nof status: 3 something does not run, 4 unreachable or unknown name.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
    });
}

/** `holdfastctl events | head`: when the reader has gone, so do we, without a word. */
function watchForClosedOutput(io: Io): { readonly status: Promise<number>; stop(): void } {
  let onError: (error: Error) => void = () => undefined;
  const status = new Promise<number>((resolve, reject) => {
    onError = (error) => {
      if (errorCodeOf(error) === 'EPIPE') resolve(exitStatus.brokenPipe);
      else reject(new CtlError('local', `cannot write to stdout: ${error.message}`, { cause: error }));
    };
  });
  io.stdout.on('error', onError);
  return { status, stop: () => io.stdout.off('error', onError) };
}

function statusOfFailure(error: unknown, tool: Tool): number {
  // Commander has written its message; asking for help is no failure.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.invalidArguments;
  }
  if (error instanceof CtlError) {
    tool.explain(error.message, error.hint);
    return error.exitStatus;
  }
  // A file or a device of this machine: its words say all that there is to say.
  if (errorCodeOf(error) !== undefined) {
    tool.explain(messageOf(error));
    return exitStatus.failed;
  }
  tool.explain(messageOf(error), 'This is not expected: please report it, with the command that you gave.');
  return exitStatus.failed;
}
