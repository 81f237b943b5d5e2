import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Container, type End, Outcome, type Result, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import { exitStatus, killedBy } from '../exit-status';
import type { KeptRunning } from '../keep-running';
import { decided, wordsOf } from '../output/again';
import { OutputFeed } from '../output/output-feed';
import { OutputPrinter } from '../output/output-printer';
import { millisecondsOf } from '../text/timestamp';
import type { Tool } from '../tool';
import { SignalRelay } from './signal-relay';

/** Between two looks at whether one that waits for its next start is still to be started. */
const LOOK_MS = 1000;

/** In these it is not started again by itself. */
const over: readonly State[] = [State.STOPPED, State.EXITED, State.FATAL, State.UNKNOWN];

/** How we came to leave it; `interrupted`: it is still there. */
type Left = { readonly is: 'over'; readonly status: number } | { readonly is: 'interrupted'; readonly goesOn: string };

/**
 * Has the daemon keep a program running, and shows what it writes, over its restarts, until it is not started again. (docker's client is disconnected at the first end, and
 * its program goes on unseen.) At Ctrl-C, or another signal that would end us, it is stopped, as everybody stops what is kept running: passed on alone it would end a run, and the next would
 * begin. A second one leaves it.
 */
export class FollowedRun {
  readonly #feed: (afterEvent: bigint) => OutputFeed;
  readonly #printer: OutputPrinter;
  #open: OutputFeed | undefined;
  /** The last end that was told. */
  #end: End | undefined;
  #now: Container | undefined;
  #isStopping = false;
  #leave: (left: Left) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  private constructor(private readonly tool: Tool, private readonly daemon: DaemonClient, private readonly name: string) {
    this.#feed = (afterEvent) => new OutputFeed(daemon, name, { follow: true, after_event_id: afterEvent });
    this.#printer = new OutputPrinter(tool, { names: [], afterEnd: async () => wordsOf(this.#now = await decided(daemon, name, Infinity)) });
  }

  /** @param check of what came of the start; throws where that is a failure for good @returns the status to exit with, and whether it is over */
  static async run(tool: Tool, daemon: DaemonClient, { name, toml }: KeptRunning, check: (result: Result) => void): Promise<{ readonly status: number; readonly isOver: boolean }> {
    const run = new FollowedRun(tool, daemon, name);
    const left = await run.#run(toml, check);
    if (left.is === 'over') return { status: left.status, isOver: true };
    tool.explain(`interrupted; ${left.goesOn}`);
    return { status: exitStatus.interrupted, isOver: false };
  }

  async #run(toml: string, check: (result: Result) => void): Promise<Left> {
    const { daemon, name } = this;
    const signals = new SignalRelay(this.tool.io);
    // From here on nothing of it is missed.
    const events = await daemon.events({ name });
    try {
      return await new Promise<Left>((resolve, reject) => {
        this.#leave = resolve;
        this.#fail = reject;
        signals.to(() => { resolve({ is: 'interrupted', goesOn: `${name} is kept running (holdfastctl rm --force ${name})` }); });
        this.#begin(toml, check).catch((error: unknown) => {
          // It has started, and goes on without its daemon, for which what follows waits.
          if (this.#open === undefined || !isCtlError(error, 'unreachable')) reject(error as Error);
        });
        firstOf(events).then((id) => {
          signals.to(() => { this.#stop(); });
          return this.#follow(id - 1n);
        }).then(resolve, reject);
      });
    } finally {
      events.close();
      this.#open?.close();
      signals.close();
    }
  }

  async #begin(toml: string, check: (result: Result) => void): Promise<void> {
    // One that ended before it counted as started is started again, as was asked for.
    for await (const { result } of this.daemon.definitions.define(toml)) if (result !== undefined && result.outcome !== Outcome.SPAWN_ERROR) check(result);
  }

  async #follow(afterEvent: bigint): Promise<Left> {
    this.#open = this.#feed(afterEvent);
    for await (const message of this.#open) {
      await this.#printer.print(this.name, message);
      if (message.ended === undefined) continue;
      this.#end = message.ended;
      if (this.#isOver()) break;
      if (this.#now?.state === State.BACKOFF) this.#whileDown().catch(this.#fail);
    }
    if (this.#now?.state === State.FATAL) this.tool.explain(`${this.name} is not started again: ${this.#now.reason}`);
    return { is: 'over', status: this.#end?.exit_status ?? this.#now?.last_end?.exit_status ?? killedBy(constants.signals.SIGKILL) };
  }

  /** What is not started again tells of no further end. */
  async #whileDown(): Promise<void> {
    do {
      await delay(LOOK_MS);
      await this.#look();
    } while (this.#now?.pid === 0 && !this.#isOver());
  }

  async #look(): Promise<void> {
    this.#now = await decided(this.daemon, this.name, Infinity);
    if (this.#isOver()) this.#open?.close();
  }

  /** All of it has been told, and it is not started again. */
  #isOver(): boolean {
    if (this.#now === undefined) return true;
    const { state, last_end: last } = this.#now;
    return over.includes(state) && timeOf(last) === timeOf(this.#end);
  }

  #stop(): void {
    if (this.#isStopping) {
      this.#leave({ is: 'interrupted', goesOn: `${this.name} goes on stopping` });
      return;
    }
    this.#isStopping = true;
    const stopping = async (): Promise<void> => {
      for await (const _ of this.daemon.stop({ names: [this.name] }));
      await this.#look();
    };
    stopping().catch((error: unknown) => { if (!isCtlError(error, 'no-such-process')) this.#fail(error); });
  }
}

function timeOf(end: End | undefined): number | undefined {
  return end?.ended_at === undefined ? undefined : millisecondsOf(end.ended_at);
}

/** @returns the number of the first event */
async function firstOf(events: AsyncIterable<{ readonly id: bigint }>): Promise<bigint> {
  for await (const { id } of events) return id;
  return new Promise(() => undefined);
}
