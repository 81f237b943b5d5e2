import type { Logger } from '../../runtime/logger';
import type { Cursor } from './cursor';
import { isAmong, parseHappening, payloadOf } from './happening';
import type { ListenerLine } from './listener-line';
import { type Answer, frameOf } from './listener-protocol';
import type { News, Subscriber } from './news';

/** supervisord's `identifier`. */
const server = 'holdfast';
/** An event that was refused is sent again at once, and more and more seldom. */
const firstPauseMs = 100;
const longestPauseMs = 30_000;

/** The processes of one `[eventlistener.NAME]`: each event goes to one of them, in order, until one has taken it. */
export class ListenerPool implements Subscriber {
  readonly #lines = new Set<ListenerLine>();
  /** Taken by one, while an event before it is not. */
  readonly #taken = new Set<number>();
  #leave: () => void;
  #isClosed = false;
  #pauseMs = 0;
  #pause: NodeJS.Timeout | undefined;
  #hasToldOfMissed = false;

  constructor(private readonly news: News, readonly name: string, public events: readonly string[], private readonly cursor: Cursor, private readonly log: Logger) {
    this.#leave = news.join(this);
  }

  get throughId(): number {
    return this.cursor.throughId;
  }

  /** It is told of these from now on. */
  hear(events: readonly string[]): void {
    if (events.join() === this.events.join()) return;
    this.events = events;
    this.#leave();
    this.#leave = this.news.join(this);
    this.more();
  }

  add(line: ListenerLine): void {
    this.#lines.add(line);
    this.more();
  }

  remove(line: ListenerLine): void {
    this.#lines.delete(line);
    this.more();
  }

  more(): void {
    if (this.#pause !== undefined || this.#isClosed) return;
    for (const line of this.#lines) {
      if (!line.isFree) continue;
      const event = this.#next();
      if (event === undefined) return;
      line.send(event.id, frameOf({ server, serial: event.id, pool: this.name, eventName: event.type }, payloadOf(parseHappening(event.text))));
    }
  }

  answered(eventId: number, answer: Answer): void {
    if (answer === 'ok') {
      this.#taken.add(eventId);
      this.#pauseMs = 0;
      this.#moveOn();
    } else this.#refused(eventId);
    this.more();
  }

  /** May be called twice. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.#leave();
    this.cursor.close();
  }

  /** The first that nobody has taken, nor is busy with. */
  #next(): ReturnType<News['events']['next']> {
    const busy = new Set([...this.#lines].map(({ busyWith }) => busyWith));
    this.#tellOfMissed();
    return this.news.events.next(this.cursor.throughId, ({ id, type }) => !busy.has(id) && !this.#taken.has(id) && isAmong(type, this.events));
  }

  /** To before the first one that is not taken yet. */
  #moveOn(): void {
    const open = this.news.events.next(this.cursor.throughId, ({ id, type }) => !this.#taken.has(id) && isAmong(type, this.events));
    const throughId = open === undefined ? this.news.events.lastId : open.id - 1;
    for (const id of this.#taken) if (id <= throughId) this.#taken.delete(id);
    this.cursor.moveTo(throughId);
    this.news.told();
  }

  #refused(eventId: number): void {
    this.#pauseMs = Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
    this.log.info({ listener: this.name, event: eventId }, 'a listener has refused an event, and is sent it again');
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.more();
    }, this.#pauseMs).unref();
  }

  #tellOfMissed(): void {
    const hasMissed = this.news.events.hasMissedAfter(this.cursor.throughId);
    if (hasMissed && !this.#hasToldOfMissed) this.log.error({ listener: this.name }, 'a listener is so far behind that events it was to be told of are not kept any more');
    this.#hasToldOfMissed = hasMissed;
  }
}
