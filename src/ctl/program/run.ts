import { CommanderError } from 'commander';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { firstWord, withSeparator } from './command-words';
import { type Address, DEFAULT_ADDRESS, parseAddress } from '../daemon/address';
import { CtlError, errorJson } from '../errors';
import { exitStatus } from '../exit-status';
import { makeProgram } from './program';
import { nearNames } from '../../runtime/text/near';
import { Session } from '../session';
import { explainUnknownCall } from '../daemon/too-old';
import type { Io, Tool } from '../tool';
import type { Verb } from '../verb';

/** Verbs of supervisorctl's: what they say of the socket is their answer, and goes to stdout as it does there. */
const supervisorctlVerbs = new Set(['status', 'start', 'stop', 'restart', 'signal', 'clear', 'pid', 'version', 'shutdown', 'tail', 'fg', 'reread', 'update', 'avail', 'add', 'remove', 'reload']);

/** What they exit with is a process's own status: a failure of ours has one that it can be told by. */
const passingOn = new Set(['run', 'exec', 'fg', 'attach']);

/** The command line as a whole: runs `args` (without the program's name) and returns the exit status. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const address = (): Address => parseAddress(program.opts<{ address?: string }>().address ?? io.env['HOLDFAST_ADDRESS'] ?? DEFAULT_ADDRESS);
  const session = new Session(io, { name: 'holdfastctl: ', isColoured: io.stdout.isTTY === true && !args.includes('--no-color'), address });
  const { tool } = session;
  const program = await makeProgram(tool, args);
  program.action(() => withoutVerb(program, tool, args));
  // These are other programs' forms: their -s is a signal, not the socket.
  const word = firstWord(args, program);
  if (word === 'containers' || word === 'checkpoints') program.enablePositionalOptions();
  // Alone it is the version, as with docker and ctr; of verbs it is what each says.
  // What follows a verb that there is not is nothing that could be wrong, too.
  const given = args[0] === '-v' ? ['--version'] : word === undefined || isCommand(program, word) ? [...withSeparator(args, program)] : [word];
  try {
    return await session.run(program.parseAsync(given, { from: 'user' }).catch((error: unknown) => explainUnknownCall(error, tool, verbOf(program))), () => interruption(verbOf(program)));
  } catch (error) {
    return statusOfFailure(error, program, tool, args);
  }
}

/** Said at Ctrl-C where a verb says nothing of its own: those that change something have the daemon do it, whether they are there or not. */
function interruption(verb: Verb | undefined): string {
  const isChange = verb?.meta?.group === 'Act' || verb?.meta?.group === 'Define' || verb?.name() === 'rm' || verb?.name() === 'prune';
  return isChange ? 'interrupted; what was asked for goes on' : 'interrupted';
}

function isCommand(program: Verb, word: string): boolean {
  return program.commands.some((command) => command.name() === word || command.aliases().includes(word));
}

/** A word that is no verb, or none: alone on a terminal it is a shell; in a pipe it runs the lines that come, and where none come it is `status`. */
async function withoutVerb(program: Verb, tool: Tool, args: readonly string[]): Promise<void> {
  const [word] = program.args;
  if (word !== undefined) {
    const near = nearNames(word, program.verbs.map((verb) => verb.name()));
    const hint = word === 'maintail' ? "The daemon's log goes to its stderr: journalctl -u holdfast" : 'holdfastctl help  lists them.';
    throw new CtlError('invalid-argument', `there is no command "${word}"${near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`}`, { hint });
  }
  if (tool.io.stdin.isTTY === true && tool.io.stdout.isTTY === true) {
    const { shell } = await import('./shell');
    tool.finish(await shell(tool, (line) => run([...args, ...line], tool.io)));
  } else {
    const { runLines } = await import('./shell');
    tool.finish((await runLines(tool, (line) => run([...args, ...line], tool.io))) ?? (await run([...args, 'status'], tool.io)));
  }
}

function verbOf(program: Verb): Verb | undefined {
  const [word = 'status'] = program.args;
  return program.verbs.find((verb) => verb.name() === word || verb.aliases().includes(word));
}

function statusOfFailure(error: unknown, program: Verb, tool: Tool, args: readonly string[]): number {
  // Commander has written its message; asking for help is no failure.
  const verb = program.args[0] ?? 'status';
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitStatus.ok;
    return passingOn.has(verb) ? exitStatus.ours : exitStatus.invalidArguments;
  }
  const known = error instanceof CtlError ? error : unexpected(error);
  if (args.includes('--json')) tool.io.stderr.write(`${errorJson(known)}\n`);
  else if (known.code === 'unreachable') sayUnreachable(tool, known, supervisorctlVerbs.has(verb));
  else tool.explain(known.message, known.hint);
  if (passingOn.has(verb)) return known.isOfProgram ? known.exitStatus : exitStatus.ours;
  return known.code === 'unreachable' && verb === 'status' ? exitStatus.statusUnknown : known.exitStatus;
}

function sayUnreachable(tool: Tool, { message, hint }: CtlError, toStdout: boolean): void {
  if (toStdout) tool.print(message);
  else tool.io.stderr.write(`${message}\n`);
  if (hint !== undefined) tool.hint(hint);
}

function unexpected(error: unknown): CtlError {
  // A file or a device of this machine: its words say all that there is to say.
  if (errorCodeOf(error) !== undefined) return new CtlError('local', messageOf(error), { cause: error });
  return new CtlError('local', messageOf(error), { hint: 'This is not expected: please report it, with the command that you gave.', cause: error });
}
