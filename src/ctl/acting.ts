import { Outcome, type Progress, type Result as ResultMessage } from '../api/gen/holdfast/v1/containers';
import { exitStatus, lastFailure } from './exit-status';
import type { MessageStream } from './daemon/message-stream';
import { ProgressLine } from './progress-line';
import { formatUptime } from './text/duration';
import { type Result, resultLine, resultOf, resultStatus, unknownLine } from './text/result-line';
import type { Tool } from './tool';
import type { Verb } from './verb';

/** What is done to several names. */
export interface Action {
  readonly doing: 'starting' | 'stopping' | 'restarting';
  /** In the order of printing. */
  readonly names: readonly string[];
  /** Only what has changed is told: nothing was asked of these names by themselves. */
  readonly isWide: boolean;
  /** Of a start that goes on when it is waited for no longer; left out: 0. */
  readonly statusOfLate?: number;
  /** Said at Ctrl-C: what goes on. Left out: what can be told from the others. */
  readonly goesOn?: string;
}

/** What a name's result is where the daemon is not asked. */
const unknownName: ResultMessage = { outcome: Outcome.NO_SUCH_PROCESS, detail: '', pid: 0 };

/** In the place of a result that will not come. */
const nothing: ResultMessage = { outcome: Outcome.NONE, detail: '', pid: 0 };

/**
 * Tells what becomes of each name, and returns the exit status: the last failure's. Ctrl-C stops the waiting, and says what goes on.
 * @param unknown names that there are not, among those of the action
 */
export async function followAction(tool: Tool, action: Action, stream: MessageStream<Progress>, unknown: readonly string[] = []): Promise<number> {
  const line = new ProgressLine(tool.io.stderr, action.doing, action.names.length);
  const printer = new ResultPrinter(tool, action, line);
  let interrupted = false;
  const stopListening = tool.io.onSignal('SIGINT', () => {
    interrupted = true;
    stream.close();
  });
  try {
    for (const name of unknown) printer.takeUnknown(name);
    for await (const { name, waiting, result } of stream) {
      if (waiting?.deadline !== undefined) line.wait(name, waiting.deadline);
      if (result !== undefined) printer.take(name, result);
    }
    if (!interrupted) return printer.status;
    line.erase();
    tool.explain(interruption(action, line));
    return exitStatus.interrupted;
  } finally {
    stopListening();
    line.close();
  }
}

function interruption({ doing, names, goesOn }: Action, line: ProgressLine): string {
  if (goesOn !== undefined) return `interrupted; ${goesOn}`;
  if (doing === 'starting') return `interrupted; what did not run yet of ${names.join(', ')} is not started`;
  const { names: waiting, secondsLeft } = line.pending;
  if (waiting.length === 0) return 'interrupted';
  return `interrupted; ${waiting.join(', ')} ${waiting.length === 1 ? 'goes' : 'go'} on stopping (SIGKILL in ${formatUptime(secondsLeft)})`;
}

/** Prints results: those of names that were typed in their order (of a restart all stops, then all starts), others as they come. */
class ResultPrinter {
  /** What has come and is not printed yet: for each round by name. */
  readonly #held: readonly Map<string, ResultMessage>[];
  readonly #statuses: number[] = [];
  #next = 0;

  constructor(private readonly tool: Tool, private readonly action: Action, private readonly line: ProgressLine) {
    this.#held = action.doing === 'restarting' ? [new Map(), new Map()] : [new Map()];
  }

  get status(): number {
    return lastFailure(this.#statuses);
  }

  take(name: string, result: ResultMessage): void {
    this.line.done(name);
    // What was started by the way is told of, too.
    if (this.action.isWide || !this.action.names.includes(name)) {
      this.#print(name, result);
      return;
    }
    this.#held.find((round) => !round.has(name))?.set(name, result);
    // What could not be stopped is not started.
    if (result.outcome === Outcome.FAILED) for (const round of this.#held) if (!round.has(name)) round.set(name, nothing);
    this.#printHeld();
  }

  takeUnknown(name: string): void {
    for (const _round of this.#held) this.take(name, unknownName);
  }

  #printHeld(): void {
    const { names } = this.action;
    for (; this.#next < names.length * this.#held.length; this.#next += 1) {
      const name = names[this.#next % names.length] ?? '';
      const held = this.#held[Math.floor(this.#next / names.length)]?.get(name);
      if (held === undefined) return;
      if (held !== nothing) this.#print(name, held);
    }
  }

  #print(name: string, { outcome, detail }: ResultMessage): void {
    if (outcome === Outcome.NO_SUCH_PROCESS && name.endsWith(':*')) {
      this.tool.print(unknownLine(name));
      this.#statuses.push(this.action.doing === 'stopping' ? exitStatus.failed : exitStatus.invalidArguments);
      return;
    }
    const result = resultOf(outcome);
    if (this.action.isWide && (result === 'already started' || result === 'not running')) return;
    this.tool.print(resultLine(name, result));
    const command = /^can't find command '(.*)'$/.exec(detail)?.[1];
    // The line on stdout has said what is wrong.
    if (command !== undefined) this.tool.hint(`${command} is not there. It is tried again with: holdfastctl start ${name}`);
    else if (detail !== '') this.tool.explain(detail.startsWith(`${name} `) ? detail : `${name}: ${detail}`, adviceFor(result, detail, name));
    this.#statuses.push(result === 'starting' ? (this.action.statusOfLate ?? exitStatus.ok) : resultStatus(result));
  }
}

const advice: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/no such file or directory/, 'See that the bundle is there, and its command in its root file system.'],
  [/permission denied/, 'See that the command may be executed by the user of the bundle.'],
  [/not installed on system/, 'Install it, or name another one with --runtime.'],
  [/did not start before/, "The runtime hangs, or the machine is too busy: the daemon's log says more."],
];

function adviceFor(result: Result, detail: string, name: string): string {
  if (result === 'no such file') return `The command is not in the root file system. It is tried again with: holdfastctl start ${name}`;
  return advice.find(([pattern]) => pattern.test(detail))?.[1] ?? "The daemon's log says more.";
}

/** What supervisorctl says of words after a verb that takes none, on stdout. @returns whether there are any */
export function refusesWords(tool: Tool, verb: Verb): boolean {
  if (verb.args.length === 0) return false;
  tool.print(`Error: ${verb.name()} accepts no arguments`);
  tool.hint(`holdfastctl help ${verb.name()}  says more.`);
  tool.finish(exitStatus.failed);
  return true;
}

/** What supervisorctl says of a verb without its names, on stdout. */
export function missingName(tool: Tool, verb: string, what = 'a process name'): void {
  tool.print(`Error: ${verb} requires ${what}`);
  tool.hint(`holdfastctl help ${verb}  says more.`);
  tool.finish(verb === 'start' ? exitStatus.invalidArguments : exitStatus.failed);
}
