import { faultPoint } from '../../sys/fault';
import type { EventLog } from './event-log';
import type { EndProgress, Fact, NewEvent, RecordedEnd, StoredEvent } from './event';
import { SupervisorError } from '../errors';
import { Subscriptions } from './subscriptions';

/** A full disk gets room when an operator acts; asking once a second costs nothing and is soon enough. */
const retryMs = 1000;

/** An event that was told just now. */
export interface Told {
  readonly event: StoredEvent;
  /** The time of the one before it: who has read that far misses nothing by taking this one from here. */
  readonly afterNs: bigint;
}

type Logger = (message: string, details: Readonly<Record<string, unknown>>) => void;

/**
 * Writes events to the log and wakes the subscribers, in that order, and both in the order of the events.
 *
 * An end is told at once; any other event, after the answer that it may come with (start, exec, pause, resume) has gone out.
 *
 * Where the log cannot be written (disk full, I/O error), a start is refused
 * (`mustTell`), and everything else waits here, in order, and is written when there
 * is room: nobody hears of it before, and nothing is lost. What waits is bounded by
 * the processes that run, since none can be started meanwhile.
 */
export class EventPublisher {
  readonly #waiting: (() => void)[] = [];
  /** And whether each is a client. */
  readonly #subscribers = new Map<(told: Told) => void, boolean>();
  /** In the log, and the subscribers not woken yet. */
  readonly #unheard: Told[] = [];
  #soon: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;

  /** Clients that are sent what they missed while they were away. */
  readonly subscriptions: Subscriptions;

  constructor(
    readonly log: EventLog,
    private readonly onTrouble: Logger,
    /** Time to try again: leads to a call of `writeWaiting` from the loop, whose state it changes. */
    private readonly onRetry: () => void,
  ) {
    this.subscriptions = new Subscriptions(log);
  }

  /** Writes that wait for room on the disk. */
  get backlog(): number {
    return this.#waiting.length;
  }

  /** Clients that follow the events; a part of the daemon that does is none. */
  get subscribers(): number {
    return [...this.#subscribers.values()].filter(Boolean).length;
  }

  /** Calls `wake` (which must not throw) after every told event, which is in the log by then. Returns the way out. */
  subscribe(wake: (told: Told) => void, isClient = true): () => void {
    this.#subscribers.set(wake, isClient);
    return () => this.#subscribers.delete(wake);
  }

  /** Writes and tells now, or throws `log-unavailable`: for starts, which are undone then. @param fact written with it */
  mustTell(event: NewEvent, fact?: Fact): StoredEvent {
    const concerned = { id: event.containerId, processId: event.processId };
    if (this.#waiting.length > 0) throw new SupervisorError('log-unavailable', concerned);
    try {
      const afterNs = this.log.lastNs;
      const stored = this.log.append(event, fact);
      this.#wakeSoon({ event: stored, afterNs });
      return stored;
    } catch (cause) {
      const detail = `the event log cannot be written: ${(cause as Error).message}`;
      throw new SupervisorError('log-unavailable', concerned, { cause, detail });
    }
  }

  /** Writes and tells as soon as the log can be written, after what waits already. @param fact written with it */
  tell(event: NewEvent, fact?: Fact): void {
    this.#do(() => {
      const afterNs = this.log.lastNs;
      this.#wakeSoon({ event: this.log.append(event, fact), afterNs });
    });
  }

  /** Records an end as soon as the log can be written; `then` must not throw. */
  recordEnd(end: RecordedEnd, then: (progress: EndProgress) => void): void {
    this.#do(() => {
      const progress = this.log.recordEnd(end);
      then(progress);
    });
  }

  /** Tells a recorded end; `before` runs between the log and the subscribers, and is given whether it has not been told before. */
  tellEnd(end: RecordedEnd, before: (isNew: boolean) => void): void {
    this.#tellEnd(() => this.log.tell(end), before);
  }

  /** Both in one: of a process that stays, nothing is removed in between. */
  recordAndTellEnd(end: RecordedEnd, before: (isNew: boolean) => void): void {
    this.#tellEnd(() => this.log.recordAndTell(end, () => { faultPoint('daemon.end.recorded'); }), before);
  }

  /** Writes what waits, as far as the disk has room. */
  writeWaiting(): void {
    this.#drain();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearImmediate(this.#soon);
    this.subscriptions.close();
    this.log.close();
  }

  #tellEnd(write: () => StoredEvent | undefined, before: (isNew: boolean) => void): void {
    this.#do(() => {
      const afterNs = this.log.lastNs;
      const event = write();
      faultPoint('daemon.end.told');
      before(event !== undefined);
      if (event === undefined) return;
      this.#unheard.push({ event, afterNs });
      this.#wakeSubscribers();
    });
  }

  #do(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length === 1) this.#drain();
  }

  #drain(): void {
    for (let work = this.#waiting[0]; work !== undefined; work = this.#waiting[0]) {
      try {
        work();
      } catch (cause) {
        if (this.log.makeRoom(cause)) continue;
        this.onTrouble('the event log cannot be written, trying again', { cause, waiting: this.#waiting.length });
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.onRetry();
        }, retryMs);
        return;
      }
      this.#waiting.shift();
    }
    this.log.keepRoom();
  }

  /**
   * An answer takes two turns of Node's loop: its message goes out in the first, and when that has gone, the trailers that end the call.
   * A subscriber's message would be made and sent before them, which is a tenth of a millisecond for whoever waits.
   */
  #wakeSoon(told: Told): void {
    this.#unheard.push(told);
    this.#soon ??= setImmediate(() => {
      this.#soon = setImmediate(() => { this.#wakeSubscribers(); });
    });
  }

  #wakeSubscribers(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    for (const told of this.#unheard.splice(0)) for (const wake of this.#subscribers.keys()) wake(told);
  }
}
