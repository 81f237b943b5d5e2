import { SupervisorError } from '../errors';
import type { EventSelection, StoredEvent } from './event';
import type { EventPublisher, Told } from './event-publisher';

/** Events that are read from the log in one go. */
const batch = 256;

/** Whom a follower reads for. */
export interface Reader {
  /** A part of the daemon, which the figures do not count as a client. */
  readonly isOurOwn?: boolean;
  /** Takes an event; all of the selection come, in order. What it throws ends the reading. */
  take(event: StoredEvent): void;
  /** It cannot take more now: `goOn` is called when it can. */
  isFull(): boolean;
  /** All that was in the log has been read, for the first time or again. */
  readThrough?(): void;
  /** It has missed events (`fell-behind`), or the log cannot be read: nothing more comes. */
  fail(error: unknown): void;
}

/**
 * A subscriber: a cursor in the log. It reads on as fast as its reader takes events, and is woken when there are more; it takes
 * them as they are told while it has read all before them. One that falls behind what the log retains fails.
 */
export class LogFollower {
  #cursorNs: bigint;
  /** What was dropped until it came is not missed by being slow: `isMissing` says so at the beginning. */
  readonly #droppedBeforeNs: bigint;
  #pumping = false;
  #again = false;
  #ended = false;
  readonly #unsubscribe: () => void;

  /** @param fromNs reads what is newer; what is told from now on where it is left out, or lies ahead */
  constructor(
    private readonly publisher: EventPublisher,
    private readonly reader: Reader,
    private readonly selection: EventSelection,
    fromNs?: bigint,
  ) {
    const { log } = publisher;
    this.#droppedBeforeNs = log.droppedThroughNs(selection);
    this.#cursorNs = startOf(fromNs, log.lastNs);
    this.#unsubscribe = publisher.subscribe((told) => { this.#wake(told); }, reader.isOurOwn !== true);
  }

  /** Events that were told after `fromNs` may have been dropped before this follower came: up to this time. */
  get missedThroughNs(): bigint | undefined {
    return this.#cursorNs < this.#droppedBeforeNs ? this.#droppedBeforeNs : undefined;
  }

  /** All events up to this time have been taken. */
  get cursorNs(): bigint {
    return this.#cursorNs;
  }

  /** Gives the reader what there is, until it is full or the log is read through. */
  goOn(): void {
    if (this.#pumping || this.#ended) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do this.#again = false;
      while (this.#readBatch() && !this.#ended);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** Nothing more is read: it has failed, or was closed. */
  get isClosed(): boolean {
    return this.#ended;
  }

  /** Nothing more is read. May be called twice. */
  close(): void {
    this.#ended = true;
    this.#unsubscribe();
  }

  #wake({ event, afterNs }: Told): void {
    if (this.#pumping || this.#ended || this.#cursorNs !== afterNs || this.reader.isFull()) {
      this.goOn();
      return;
    }
    this.#cursorNs = event.timestampNs;
    try {
      if (this.#isSelected(event)) this.reader.take(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  #isSelected({ namespace, containerId }: StoredEvent): boolean {
    const { selection } = this;
    return (selection.namespace ?? namespace) === namespace && (selection.containerId ?? containerId) === containerId;
  }

  /** @returns whether to go on */
  #readBatch(): boolean {
    const { log } = this.publisher;
    if (this.reader.isFull()) return false;
    const droppedNs = log.droppedThroughNs(this.selection);
    if (this.#cursorNs < droppedNs && droppedNs > this.#droppedBeforeNs) throw new SupervisorError('fell-behind', {});
    const throughNs = log.lastNs;
    const events = log.after(this.#cursorNs, batch, this.selection);
    for (const event of events) {
      this.#cursorNs = event.timestampNs;
      this.reader.take(event);
      if (this.#ended) return false;
    }
    if (events.length === batch) return true;
    // Read through: also past the events that are not selected, which are not missed.
    if (throughNs > this.#cursorNs) this.#cursorNs = throughNs;
    this.reader.readThrough?.();
    return this.#again;
  }

  #fail(error: unknown): void {
    this.close();
    this.reader.fail(error);
  }
}

/** A time to come holds back no live event, and one before 1970 is as good as 1970: both may be any 64 bits. */
function startOf(fromNs: bigint | undefined, lastNs: bigint): bigint {
  if (fromNs === undefined || fromNs > lastNs) return lastNs;
  return fromNs < 0n ? 0n : fromNs;
}
