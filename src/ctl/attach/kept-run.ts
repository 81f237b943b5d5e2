import { constants } from 'node:os';
import { type Result, type StartRequest, State } from '../../api/gen/holdfast/v1/containers';
import type { LogsResponse } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { type CtlErrorCode, isCtlError } from '../errors';
import { killedBy } from '../exit-status';
import { INIT } from '../names';
import { writeMessage } from '../output/write-message';
import type { Io, Tool } from '../tool';
import { InputCopy } from './input-copy';
import { ProgramLink } from './program-link';
import { SignalRelay } from './signal-relay';
import { startUnlessInterrupted } from './start-unless-interrupted';
import { StdioFifos } from './stdio-fifos';
import { RawTerminal } from './terminal';

/** The program that is run in the foreground. */
export interface KeptRunTarget {
  readonly name: string;
  readonly terminal: boolean;
  /** It was given no name, and is forgotten at its end: nobody else could find it to end it, so it ends with the reader of its output, as in a pipe. */
  readonly endsWithReader: boolean;
  /** Said where it is killed because its memory has run out. */
  readonly outOfMemory?: string;
}

/** What is asked for, given the path of its stdin. */
type Request = (stdin: string) => StartRequest;

/** How we came to leave it; `over`: it has ended, and the rest of its output is not wanted. */
type Left = { readonly is: 'ended'; readonly status: number; readonly isOutOfMemory: boolean } | { readonly is: 'detached' | 'over'; readonly status: number };

/** Starts a program whose output is kept, and stays with it: it is in logs, too, and when we are gone it runs on. */
export class KeptRun {
  readonly #io: Io;
  readonly #link: ProgramLink;
  readonly #fifos = new StdioFifos('none');
  #onStarted: (result: Result) => void = () => undefined;
  #leave: (left: Left) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  #input: InputCopy | undefined;
  #screen: RawTerminal | undefined;

  private constructor(private readonly tool: Tool, private readonly daemon: DaemonClient, private readonly target: KeptRunTarget, request: Request) {
    this.#io = tool.io;
    this.#link = new ProgramLink(daemon, target.name, request(this.#fifos.paths.stdin), (result) => { this.#onStarted(result); });
  }

  /**
   * @param begun what came of the start; throws where that is a failure
   * @returns the status to exit with: the program's own where it has ended
   */
  static async run(tool: Tool, target: KeptRunTarget, request: Request, begun: (result: Result) => void): Promise<number> {
    const run = new KeptRun(tool, await tool.connect(), target, request);
    return await run.#run(begun);
  }

  async #run(begun: (result: Result) => void): Promise<number> {
    const { tool, target } = this;
    const signals = new SignalRelay(this.#io);
    let isRunning = false;
    try {
      const ended = new Promise<Left>((resolve, reject) => {
        this.#leave = resolve;
        this.#fail = reject;
      });
      // Who waits for the start hears of a failure first.
      ended.catch(() => undefined);
      await startUnlessInterrupted(signals, async (signal) => { await this.#start(signal, begun); }, async () => (await this.daemon.container(target.name))?.state === State.RUNNING);
      isRunning = true;
      signals.to((name) => { this.#onSignal(name); });
      if (target.endsWithReader) tool.onReaderGone(() => this.#stop());
      this.#joinInput();
      const left = await ended;
      isRunning = left.is === 'detached';
      if (left.is === 'ended' && left.isOutOfMemory && left.status === killedBy(constants.signals.SIGKILL) && target.outOfMemory !== undefined) tool.explain(target.outOfMemory);
      return left.status;
    } finally {
      this.#close();
      signals.close();
      if (isRunning) this.#io.stderr.write(`detached; ${target.name} runs on (holdfastctl fg ${target.name})\n`);
      else this.#fifos.remove();
    }
  }

  async #start(signal: AbortSignal, begun: (result: Result) => void): Promise<void> {
    const started = new Promise<Result>((resolve, reject) => {
      this.#onStarted = resolve;
      this.#copyOutput().catch((error: unknown) => {
        reject(error as Error);
        this.#fail(error);
      });
    });
    signal.addEventListener('abort', () => { this.#link.giveUp(); }, { once: true });
    begun(await started);
  }

  async #copyOutput(): Promise<void> {
    for await (const message of this.#link.messages()) {
      await writeMessage(this.#io, message);
      this.#end(message);
    }
  }

  #end({ ended, removed }: LogsResponse): void {
    if (ended !== undefined) this.#leave({ is: 'ended', status: ended.exit_status, isOutOfMemory: ended.out_of_memory });
    else if (removed) this.#leave({ is: 'ended', status: killedBy(constants.signals.SIGKILL), isOutOfMemory: false });
  }

  #joinInput(): void {
    const { name, terminal } = this.target;
    const tell = (what: Promise<void>): void => { what.catch(this.#unless('no-such-process', 'not-running', 'unreachable')); };
    if (terminal) {
      this.#screen = new RawTerminal(this.#io, (size) => { tell(this.daemon.resizeTerminal(name, INIT, size)); });
      this.#screen.tellSize();
    }
    this.#input = new InputCopy(this.#io.stdin, this.#fifos.paths.stdin, terminal && this.#io.stdin.isTTY === true, {
      onEnd: () => { tell(this.daemon.closeInput(name, INIT)); },
      onDetach: () => { this.#leave({ is: 'detached', status: 0 }); },
    });
  }

  #onSignal(signal: NodeJS.Signals): void {
    const number = constants.signals[signal];
    // With a terminal, SIGTERM and SIGHUP are meant for us: the window was closed.
    if (this.target.terminal && signal !== 'SIGINT') this.#leave({ is: 'detached', status: killedBy(number) });
    else this.daemon.signal(this.target.name, INIT, number).catch((error: unknown) => {
      if (isCtlError(error, 'no-such-process', 'not-running')) this.#leave({ is: 'over', status: killedBy(number) });
      else this.#fail(error);
    });
  }

  /** Resolves once the daemon has begun with it: it goes on without us. */
  async #stop(): Promise<void> {
    for await (const _ of this.daemon.stop({ names: [this.target.name] })) break;
    this.#fifos.remove();
  }

  #unless(...harmless: readonly CtlErrorCode[]): (error: unknown) => void {
    return (error) => {
      if (!isCtlError(error, ...harmless)) this.#fail(error);
    };
  }

  #close(): void {
    this.#link.close();
    this.#input?.close();
    this.#screen?.close();
  }
}
