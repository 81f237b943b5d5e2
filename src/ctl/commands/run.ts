import { type Container, Outcome, type Result, type StartRequest, State } from '../../api/gen/holdfast/v1/containers';
import { readTerminal } from '../bundle/read';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError, isCtlError } from '../errors';
import { type Given, definitionOf } from '../definition/definition';
import { type RunKind, type RunOptions, invalid, kindOf } from '../definition/run-options';
import { restartKeysOf } from '../definition/restart-policy';
import { pullForRun, pullPolicy } from '../images/pull-policy';
import { bytes, collect, positive, wholeNumber } from '../option-values';
import { randomDigits } from '../random-digits';
import { formatSize } from '../../runtime/text/size';
import type { KeptRunning } from '../keep-running';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

/** Not there, and there but not to be executed: as shells say it. */
const notFound = 127;
const notExecutable = 126;

export function defineRun(program: Verb, tool: Tool): void {
  program
    .verb('run', {
      group: 'Once',
      summary: 'runs an image, or a program of the host, joined to this terminal',
      example: 'run --rm --host --memory 64m -- sh -c "echo hi"',
      statuses: "the program's own, 128 + n where signal n has killed it; 125 a failure of ours; 126 it cannot be executed; 127 it is not there",
      wordsBeforeCommand: 0,
    })
    .argument('[command...]', 'an image and a command for it, as with docker run; with --host or --rootfs the command alone')
    .option('--host', 'a program of this host, in a cgroup of its own, instead of an image')
    .option('--rootfs <directory>', 'a container with this root file system instead')
    .option('--bundle <directory>', 'a container of an OCI bundle instead')
    .option('--name <name>', 'its name (default: run- and four digits, forgotten at its end)')
    .option('-d, --detach', 'do not wait for it; prints its name')
    .option('-t, --tty', 'give it a terminal (ctrl-p ctrl-q detaches)')
    .option('-i, --interactive', 'as ever: our stdin is its stdin, without --detach')
    .option('--rm', 'forget it at its end')
    .option('--restart <policy>', 'keep it running, also over reboots: unexpected, always, unless-stopped, on-failure[:times]; without --detach what it writes is shown until it is not started again')
    .option('--keep', 'remember it, although it was given no name')
    .option('-e, --env <NAME[=value]>', 'a variable; may be given again. Of our own environment only what is named alone is passed on', collect)
    .option('--entrypoint <program>', "with an image: this instead of the image's")
    .option('--pull <when>', 'with an image: fetch it when it is missing, always or never', pullPolicy)
    .option('--cwd <directory>', "its working directory (default: this one; with --rootfs /; the image's)")
    .option('-u, --user <user[:group]>', "names or numbers, with --rootfs and images those in there (default: root; the image's)")
    .option('--memory <size>', 'how much memory it may have, such as 64m', bytes)
    .option('--cpus <number>', 'how many processors it may use, such as 1.5', positive)
    .option('--pids <number>', 'how many processes it may have', wholeNumber)
    .option('-p, --publish <[address:]port:port[/udp]>', 'with --net cni: a port of this host that leads to one of the container; may be given again', collect)
    .option('-v, --volume <source:path[:ro]>', 'in a container: a directory or file of this host in it; may be given again', collect)
    .option('--net, --network <none|host|cni>', 'in a container: the loopback alone, the network of this host, or one that CNI plugins make, by its name in /etc/cni/net.d (cni:NAME) or the first one (cni) (default: none)')
    .option('--hostname <name>', 'in a container: its host name (default: its name)')
    .option('--read-only', 'in a container: it cannot write to its root')
    .option('--pid-namespace', 'with processes of its own numbers, which all end with it (containers as ever)')
    .option('--no-new-privileges', 'it gains none, such as by setuid programs')
    .option('-l, --label <label>', 'a label; may be given again', collect)
    .option('--save <file>', 'once it has started: write a definition (TOML) that says the same')
    .action((command: string[], options: RunOptions) => run(tool, command, options));
}

async function run(tool: Tool, words: readonly string[], options: RunOptions): Promise<void> {
  const { kind, command } = kindOf(words, options);
  const name = options.name ?? `run-${await randomDigits(4)}`;
  const given = { name, command, env: tool.io.env };
  const definition = definitionOf(kind, given, options);
  const toKeep = options.restart === undefined ? undefined : await keptDefinition(name, kind, given, options);
  const save = await savingOf(kind, given, options);
  const daemon = await tool.connect();
  refuseTaken(name, options.name === undefined ? undefined : await daemon.container(name));
  if (kind.is === 'image') await pullForRun(tool, daemon, kind.image, options.pull);
  const program = command[0] ?? (kind.is === 'image' ? kind.image : name);
  if (toKeep !== undefined && options.detach !== true) {
    await follow(tool, daemon, { name, toml: toKeep, isOurs: options.name === undefined && options.keep !== true }, (result) => {
      checkStarted(program, result);
      save();
    });
    return;
  }
  if (toKeep !== undefined) {
    const { keepRunning } = await import('../keep-running');
    await keepRunning(tool, daemon, { name, toml: toKeep }, (result) => { checkStarted(program, result); });
    save();
    return;
  }
  if (options.detach === true) {
    await start(daemon, program, { names: [name], definition });
    save();
    tool.print(name);
    return;
  }
  const { KeptRun } = await import('../attach/kept-run');
  const terminal = kind.is === 'bundle' ? readTerminal(kind.bundle) : options.tty === true;
  const request = (stdin: string): StartRequest => ({ names: [name], definition, stdio: { stdin, stdout: '', stderr: '' } });
  tool.finish(await KeptRun.run(tool, { name, terminal, endsWithReader: options.name === undefined && definition.remove_at_end, outOfMemory: outOfMemoryWords(program, options.memory) }, request, (result) => {
    checkStarted(program, result);
    save();
  }));
  if (definition.remove_at_end) await untilForgotten(daemon, name);
}

/** @param isOurs it was given no name, and so it ends with the reader of its output, and is forgotten when it is over */
async function follow(tool: Tool, daemon: DaemonClient, { isOurs, ...kept }: KeptRunning & { readonly isOurs: boolean }, check: (result: Result) => void): Promise<void> {
  const { FollowedRun } = await import('../attach/followed-run');
  let isUnread = false;
  const forget = (): Promise<void> => daemon.remove(kept.name, true);
  if (isOurs) tool.onReaderGone(() => {
    isUnread = true;
    return forget();
  });
  const ended = await FollowedRun.run(tool, daemon, kept, check).catch((error: unknown) => { if (!isUnread) throw error; });
  // Who has called us when the reader went ends us.
  if (ended === undefined) return new Promise(() => undefined);
  tool.finish(ended.status);
  if (ended.isOver && isOurs) await forget();
}

/**
 * The daemon forgets it by itself, but after its end is told: who runs the next command must not find it any more. One that runs on, as
 * after detaching, is left alone; and where the daemon is away, the next one sees to it.
 */
async function untilForgotten(daemon: DaemonClient, name: string): Promise<void> {
  try {
    await daemon.remove(name, false);
  } catch (error) {
    if (!isCtlError(error, 'no-such-process', 'refused', 'unreachable')) throw error;
  }
}

/** What the agent is told; undefined where it is not to be started again. @throws CtlError `invalid-argument` */
async function keptDefinition(name: string, kind: RunKind, given: Given, options: RunOptions): Promise<string | undefined> {
  if (restartKeysOf(options.restart) === undefined) return undefined;
  if (options.rm === true) throw invalid('--rm forgets it at its end, and --restart starts it again: choose one');
  if (options.detach !== true && options.tty === true) throw invalid('--tty with --restart wants --detach', `It then runs on by itself; holdfastctl fg ${name}  joins it.`);
  const { definitionText } = await import('../definition/save');
  return definitionText(name, kind, given, options);
}

async function savingOf(kind: RunKind, given: Given, options: RunOptions): Promise<() => void> {
  if (options.save === undefined) return () => undefined;
  const { definitionFile } = await import('../definition/save');
  return definitionFile(options.save, kind, given, options);
}

function outOfMemoryWords(program: string, limitBytes: number | undefined): string {
  return `${program} was killed: out of memory${limitBytes === undefined ? '' : ` (limit ${formatSize(limitBytes)})`}`;
}

function refuseTaken(name: string, taken: Container | undefined): void {
  if (taken === undefined) return;
  const state = State[taken.state];
  throw new CtlError('already-started', `the name ${name} is in use (${state}${taken.pid === 0 ? '' : `, pid ${taken.pid}`})`, {
    hint: `Choose another --name, or take it away first: holdfastctl rm --force ${name}`,
  });
}

async function start(daemon: DaemonClient, program: string, request: Parameters<DaemonClient['start']>[0]): Promise<void> {
  for await (const { result } of daemon.start(request)) if (result !== undefined) checkStarted(program, result);
}

/** @throws CtlError where it has not started */
function checkStarted(program: string, { outcome, detail }: Result): void {
  if (outcome !== Outcome.STARTED) throw failureOf(program, outcome, detail);
}

function failureOf(program: string, outcome: Outcome, detail: string): CtlError {
  if (outcome === Outcome.NO_SUCH_FILE) return new CtlError('refused', `${program}: no such file`, { exitStatus: notFound, isOfProgram: true });
  if (outcome === Outcome.NOT_EXECUTABLE) return new CtlError('refused', `${program}: cannot be executed`, { exitStatus: notExecutable, isOfProgram: true });
  return new CtlError('refused', detail === '' ? `${program}: not started` : detail);
}
