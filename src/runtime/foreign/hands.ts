import { closeSync } from 'node:fs';
import { messageOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import type { Asks, Brought, Errand, ErrandRequest } from './errands';
import { Hand, type HandStart } from './hand';
import { type ProgramCall, ProgramHand } from './program-hand';
import { stuckPlace } from './stuck-place';

/** Hands at once, in all: each that is there costs some 10 MB. */
const MOST_HANDS = 8;
/** … at one file system. Where two get no answer, nobody else is sent there. */
const MOST_AT_ONE_PLACE = 2;
/** After this long at one errand, a hand counts as one that gets no answer. */
const SLOW_MS = 1000;
/** What was needed once may be again soon: starting one takes 60 ms. */
const IDLE_MS = 10_000;
/** How long an errand may take, unless it says else. */
const PATIENCE_MS = 10_000;

export interface HandsOptions extends HandStart {
  /** Told of each errand that was given up. */
  readonly onGivenUp: (what: string) => void;
  readonly slowMs?: number;
  readonly idleMs?: number;
}

export interface ErrandOptions {
  /** What the errand is about, a path: for messages, and to know errands of the same file system. */
  readonly about: string;
  /** The file system that may hang, where it is not the one of `about`. */
  readonly place?: string;
  readonly signal?: AbortSignal | undefined;
  readonly patienceMs?: number;
  /** What does it where no hand is idle, which would have to be started. It rejects with NotDoneByProgram then. */
  readonly program?: ProgramCall | undefined;
}

/** Does errands, or one. */
type Doer = Hand | ProgramHand;

interface Job {
  readonly request: ErrandRequest;
  readonly about: string;
  readonly program: ProgramCall | undefined;
  /** The one that is at it. */
  hand?: Doer;
  isSettled: boolean;
  /** Once. */
  resolve(brought: Brought<Errand>): void;
  reject(error: Error): void;
}

/** A file system, as far as one can be told from another, and the hands that are at work there, or hang. */
interface Place {
  readonly key: string;
  readonly waiting: Set<Job>;
  readonly atWork: Map<Doer, { readonly sinceMs: number }>;
}

/**
 * Processes that touch what clients name, so that this one never waits for a file system: where it hangs, they do.
 * An errand that misses its deadline, or whose client goes away, costs the process that does it: it is killed, and another
 * takes its place. One that cannot die before its file system answers (it is in state D) stays counted.
 * Started on demand, and ended when there has been nothing to do for a while. What a program of the system does as well need not wait for one to start.
 */
export class Hands {
  private readonly places = new Map<string, Place>();
  private readonly idle: Hand[] = [];
  private readonly all = new Set<Doer>();
  private readonly lastByProgramMs = new Map<Errand, number>();
  private idleTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: HandsOptions) {}

  /**
   * Has an errand done.
   * Rejects with the errand's own error, RuntimeError `unanswered` at the deadline or where others hang already, or the signal's reason.
   */
  run<E extends Errand>(errand: E, asks: Asks<E>, options: ErrandOptions): Promise<Brought<E>> {
    const { about, signal, patienceMs = PATIENCE_MS } = options;
    if (this.closed) return Promise.reject(unanswered(about));
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    const place = this.placeOf(options.place ?? stuckPlace(about));
    return new Promise((resolve, reject) => {
      const settle = (tell: () => void): void => {
        job.isSettled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        tell();
      };
      const job: Job = {
        request: { errand, asks } as unknown as ErrandRequest,
        about,
        program: options.program,
        isSettled: false,
        resolve: (brought) => { settle(() => { resolve(brought as Brought<E>); }); },
        reject: (error) => { settle(() => { reject(error); }); },
      };
      const giveUp = (error: Error): void => {
        job.reject(error);
        place.waiting.delete(job);
        if (job.hand === undefined) return;
        this.options.onGivenUp(`${errand} ${about}: ${error.message}`);
        job.hand.kill();
      };
      const onAbort = (): void => { giveUp(reasonOf(signal)); };
      const timer = setTimeout(() => { giveUp(unanswered(about)); }, patienceMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      place.waiting.add(job);
      this.dispatch(place);
    });
  }

  /** Ends all of them, and what they are at. May be called twice. */
  close(): void {
    this.closed = true;
    clearTimeout(this.idleTimer);
    for (const { waiting } of this.places.values()) for (const job of waiting) job.reject(unanswered(job.about));
    for (const hand of this.all) hand.kill();
  }

  private placeOf(key: string): Place {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const place = { key, waiting: new Set<Job>(), atWork: new Map<Doer, { readonly sinceMs: number }>() };
    this.places.set(key, place);
    return place;
  }

  private dispatch(place: Place): void {
    for (const job of place.waiting) {
      if (this.isHanging(place)) {
        place.waiting.delete(job);
        job.reject(unanswered(job.about));
        continue;
      }
      if (place.atWork.size >= MOST_AT_ONE_PLACE) return;
      let hand: Doer | undefined;
      try {
        hand = this.idle.pop() ?? this.another(job);
      } catch (error) {
        place.waiting.delete(job);
        job.reject(error as Error);
        continue;
      }
      // All are at work or hang: the next one that is free takes it, or its own deadline comes.
      if (hand === undefined) return;
      place.waiting.delete(job);
      void this.assign(hand, job, place);
    }
    if (place.waiting.size === 0 && place.atWork.size === 0) this.places.delete(place.key);
  }

  private isHanging({ atWork }: Place): boolean {
    const nowMs = performance.now();
    const slow = [...atWork.values()].filter(({ sinceMs }) => nowMs - sinceMs >= this.slowMs);
    return slow.length >= MOST_AT_ONE_PLACE;
  }

  private get idleMs(): number {
    return this.options.idleMs ?? IDLE_MS;
  }

  private get slowMs(): number {
    return this.options.slowMs ?? SLOW_MS;
  }

  /** Where a program does it, hands are for what comes often: they take less of the processor, once they are there. */
  private another({ program, request: { errand } }: Job): Doer | undefined {
    if (this.all.size >= MOST_HANDS) return undefined;
    if (program === undefined) return this.added(new Hand(this.options));
    const doer = this.added(new ProgramHand(this.options.reaper, program));
    const nowMs = performance.now();
    const sinceLastMs = nowMs - (this.lastByProgramMs.get(errand) ?? -Infinity);
    this.lastByProgramMs.set(errand, nowMs);
    if (sinceLastMs < this.idleMs && this.all.size < MOST_HANDS && ![...this.all].some(({ isOpen }) => isOpen)) this.prepare();
    return doer;
  }

  /** One for what comes next. Where there can be none, that is told to whoever needs one: the program is at work by now. */
  private prepare(): void {
    try {
      this.rest(this.added(new Hand(this.options)));
    } catch {
      // As above.
    }
  }

  private added<D extends Doer>(doer: D): D {
    this.all.add(doer);
    void doer.gone.then(() => { this.forget(doer); });
    return doer;
  }

  private async assign(hand: Doer, job: Job, place: Place): Promise<void> {
    job.hand = hand;
    place.atWork.set(hand, { sinceMs: performance.now() });
    // Once it counts as one that gets no answer, those who wait for this place are told.
    const slowTimer = setTimeout(() => { this.dispatch(place); }, this.slowMs + 1);
    try {
      const brought = await hand.run(job.request);
      if (job.isSettled) for (const fd of brought.fds) closeSync(fd);
      else job.resolve(brought);
    } catch (error) {
      if (!job.isSettled) job.reject(error as Error);
    }
    clearTimeout(slowTimer);
    // One that was killed stays where it is until it is gone, and so does a program.
    if (hand.isOpen) {
      place.atWork.delete(hand);
      this.rest(hand);
    }
    this.dispatchAll();
  }

  private rest(hand: Hand): void {
    this.idle.push(hand);
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      for (const one of this.idle.splice(0)) one.end();
    }, this.idleMs).unref();
  }

  private forget(hand: Doer): void {
    this.all.delete(hand);
    const at = this.idle.findIndex((one) => one === hand);
    if (at !== -1) this.idle.splice(at, 1);
    for (const place of this.places.values()) place.atWork.delete(hand);
    this.dispatchAll();
  }

  private dispatchAll(): void {
    for (const place of [...this.places.values()]) this.dispatch(place);
  }
}

function unanswered(about: string): RuntimeError {
  return new RuntimeError('unanswered', `${about}: its file system does not answer`);
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(messageOf(reason));
}
