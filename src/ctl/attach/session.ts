import { constants } from 'node:os';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError, type CtlErrorCode } from '../errors';
import { killedBy } from '../exit-status';
import type { ExitFeed } from '../daemon/exit-feed';
import type { Io } from '../tool';
import { InputCopy } from './input-copy';
import { OutputCopy } from './output-copy';
import type { SignalRelay } from './signal-relay';
import { RawTerminal } from './terminal';
import type { StdioPaths } from './stdio-fifos';

/** The process that is attached to. */
export interface AttachTarget {
  readonly id: string;
  readonly pid: string;
  readonly terminal: boolean;
  /** Said where it is killed because its memory has run out. */
  readonly outOfMemory?: string;
  /** It runs already: no start of it is seen. */
  readonly isRunning?: boolean;
}

export type AttachOutcome =
  | { readonly kind: 'exited'; readonly status: number }
  /** The process runs on; `status` is what we exit with. */
  | { readonly kind: 'detached'; readonly status: number };

/**
 * Our stdio joined to a process's FIFOs. Made before the process is started, so that nothing that
 * it writes is missed; run() is called once it runs. Whoever makes one closes it.
 */
export class AttachSession {
  readonly #io: Io;
  readonly #daemon: DaemonClient;
  readonly #target: AttachTarget;
  readonly #paths: StdioPaths;
  readonly #outputs: readonly OutputCopy[];
  #input: InputCopy | undefined;
  #terminal: RawTerminal | undefined;
  #exited = false;

  constructor(io: Io, daemon: DaemonClient, target: AttachTarget, paths: StdioPaths) {
    this.#io = io;
    this.#daemon = daemon;
    this.#target = target;
    this.#paths = paths;
    this.#outputs = [
      new OutputCopy(paths.stdout, io.stdout),
      ...(target.terminal ? [] : [new OutputCopy(paths.stderr, io.stderr)]),
    ];
  }

  /**
   * Ends with the process and its output, or before them when the user detaches.
   * @param signals passed on from now on, those that it holds first
   */
  async run(exits: ExitFeed, signals: SignalRelay): Promise<AttachOutcome> {
    const { id, pid, terminal } = this.#target;
    for (const output of this.#outputs) output.begin();
    try {
      return await new Promise<AttachOutcome>((resolve, reject) => {
        const detach = (status: number): void => {
          resolve({ kind: 'detached', status });
        };
        signals.to((name) => {
          this.#onSignal(name, detach, reject);
        });
        if (terminal) {
          this.#terminal = new RawTerminal(this.#io, (size) => { this.#tell((daemon) => daemon.resizeTerminal(id, pid, size), reject); });
          this.#terminal.tellSize();
        }
        this.#input = new InputCopy(this.#io.stdin, this.#paths.stdin, terminal && this.#io.stdin.isTTY === true, {
          onEnd: () => { this.#tell((daemon) => daemon.closeInput(id, pid), reject); },
          onDetach: () => {
            detach(0);
          },
        });
        this.#ended(exits, id, pid).then(resolve, reject);
      });
    } finally {
      this.close();
    }
  }

  /** Lets go of everything, and gives our terminal back. May be called twice. */
  close(): void {
    this.#input?.close();
    this.#terminal?.close();
    for (const output of this.#outputs) output.close();
  }

  async #ended(exits: ExitFeed, id: string, pid: string): Promise<AttachOutcome> {
    const status = await exits.exitOf(id, pid, { afterStart: this.#target.isRunning !== true });
    this.#exited = true;
    // The output ends when the last process that inherited it has let go.
    await Promise.all(this.#outputs.map((output) => output.done));
    return { kind: 'exited', status };
  }

  #onSignal(name: NodeJS.Signals, detach: (status: number) => void, fail: (error: unknown) => void): void {
    const number = constants.signals[name];
    // With a terminal, SIGTERM and SIGHUP are meant for us: the window was closed. And once the
    // process is over there is nobody left to pass anything on to.
    if (this.#exited || (this.#target.terminal && name !== 'SIGINT')) {
      detach(killedBy(number));
      return;
    }
    // A daemon that is away cannot pass it on: then it ends us, and the process runs on.
    this.#daemon.signal(this.#target.id, this.#target.pid, number).catch(unless(fail, 'no-such-process', 'not-running'));
  }

  #tell(what: (daemon: DaemonClient) => Promise<void>, fail: (error: unknown) => void): void {
    // Our stdin may end while the last of the output is still on its way.
    if (this.#exited) return;
    // A daemon that is away hears of it when it is back; unreachable is only one that we no longer wait for.
    what(this.#daemon).catch(unless(fail, 'no-such-process', 'not-running', 'unreachable'));
  }
}

/** Fails but for the errors that say no more than that the process has ended meanwhile, and the like. */
function unless(fail: (error: unknown) => void, ...harmless: readonly CtlErrorCode[]): (error: unknown) => void {
  return (error) => {
    if (!isCtlError(error, ...harmless)) fail(error);
  };
}
