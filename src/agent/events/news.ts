import type { NamedTexts } from '../../records/named-texts';
import type { ProgramEvents } from '../../records/program-events';
import type { Logger } from '../../runtime/logger';
import type { Clocks } from '../machine/clocks';
import { type Happening, isAmong, isReadable, printHappening, tickPeriods, typeOf } from './happening';

/** The shortest period; the others are multiples of it. */
const tickMs = 5000;

/** Somebody who is told of events. */
export interface Subscriber {
  readonly events: readonly string[];
  /** There may be more. */
  more(): void;
  /** All up to there has been told. */
  readonly throughId: number;
}

export interface NewsParts {
  readonly events: ProgramEvents;
  readonly states: NamedTexts;
  readonly log: Logger;
  readonly now: () => Clocks;
}

/** What happens to programs, written down for those who are told of it; where nobody is, nothing is. */
export class News {
  readonly #subscribers = new Set<Subscriber>();
  #ticks: NodeJS.Timeout | undefined;
  #lastTick = 0;

  constructor(private readonly parts: NewsParts) {
    parts.events.onMore = () => { for (const subscriber of this.#subscribers) subscriber.more(); };
  }

  /** What daemons of before have left. To be called once that is there, and before anybody joins. */
  takeUp(): void {
    const { events, log } = this.parts;
    // It would stand in everybody's way, again and again.
    for (const { id, type } of events.leaveOut(({ text }) => isReadable(text))) log.error({ event: id, type }, 'an event that is kept cannot be read by this version: nobody is told of it');
  }

  get events(): ProgramEvents {
    return this.parts.events;
  }

  /** @returns the way out */
  join(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    this.#setTicks();
    return () => {
      this.#subscribers.delete(subscriber);
      this.#setTicks();
    };
  }

  /** Whether somebody is told of anything. */
  get isTold(): boolean {
    return this.#subscribers.size > 0;
  }

  /** Whether somebody is told of such an event. */
  isWanted(type: string): boolean {
    return [...this.#subscribers].some(({ events }) => isAmong(type, events));
  }

  /** Where a program stands, and what is told of that. @param text undefined: it is forgotten @throws RecordsError */
  async putState(name: string, text: string | undefined, happenings: readonly Happening[]): Promise<void> {
    const { events, states } = this.parts;
    const wanted = this.#wanted(happenings);
    if (wanted.length > 0) await events.putState(name, text, wanted.map(printHappening));
    else if (text === undefined) await states.delete(name);
    else await states.put({ name, text });
  }

  /** What is not written down is not told: the next daemon does not know of it. Never rejects. */
  async tell(happenings: readonly Happening[]): Promise<void> {
    const wanted = this.#wanted(happenings);
    if (wanted.length === 0) return;
    try {
      await this.parts.events.tell(wanted.map(printHappening));
    } catch (error) {
      this.parts.log.error({ err: error, event: wanted.map(typeOf) }, 'an event could not be written down: nobody is told of it');
    }
  }

  /** Somebody has been told of more: what all have been told is not kept. */
  told(): void {
    // The daemon ends: whoever has not been told is told by the next one.
    if (!this.isTold) return;
    const all = [...this.#subscribers].map(({ throughId }) => throughId);
    this.parts.events.dropThrough(Math.min(...all)).catch((error: unknown) => {
      this.parts.log.warn({ err: error }, 'events that all have been told could not be dropped');
    });
  }

  /** May be called twice. */
  close(): void {
    this.#subscribers.clear();
    this.#setTicks();
  }

  #wanted(happenings: readonly Happening[]): readonly Happening[] {
    return happenings.filter((happening) => this.isWanted(typeOf(happening)));
  }

  /** As supervisord: when a period of the wall clock has begun, and that is looked at by a clock of ours. */
  #setTicks(): void {
    const isWanted = tickPeriods.some((period) => this.isWanted(`TICK_${String(period)}`));
    if (isWanted === (this.#ticks !== undefined)) return;
    clearTimeout(this.#ticks);
    this.#ticks = undefined;
    this.#lastTick = this.parts.now().wallMs;
    if (isWanted) this.#nextTick();
  }

  #nextTick(): void {
    const { wallMs } = this.parts.now();
    this.#ticks = setTimeout(() => {
      const now = this.parts.now().wallMs;
      const begun = tickPeriods.filter((period) => Math.floor(now / (period * 1000)) !== Math.floor(this.#lastTick / (period * 1000)));
      this.#lastTick = now;
      void this.tell(begun.map((periodSeconds) => ({ is: 'tick', periodSeconds, when: Math.floor(now / 1000 / periodSeconds) * periodSeconds, atMs: now })));
      this.#nextTick();
    }, tickMs - (wallMs % tickMs)).unref();
  }
}
