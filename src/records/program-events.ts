import type { NamedTexts } from './named-texts';
import type { NewProgramEvent, ProgramEventRecord } from './program-event-record';
import type { Writer } from './writer';

/** So many are kept for those who are behind. */
const most = 10_000;

/** What has happened to programs, oldest first. It is there for who is told of it, and dropped once all have been. */
export class ProgramEvents {
  #events: ProgramEventRecord[] = [];
  #lastId = 0;
  /** Called when there are more. */
  onMore: () => void = () => undefined;

  constructor(private readonly writer: Writer, private readonly states: NamedTexts) {}

  /** Of the newest that there ever was, as far as this daemon knows. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The first one after that which is kept, and fits. */
  next(afterId: number, fits: (event: ProgramEventRecord) => boolean): ProgramEventRecord | undefined {
    return this.#events.find((event) => event.id > afterId && fits(event));
  }

  /** Whether some after that may not be kept any more. */
  hasMissedAfter(id: number): boolean {
    return id < this.#lastId - most;
  }

  /** Where a program stands, and what is told of that: both are on the disk then, or neither. @param text undefined: it is forgotten @throws RecordsError */
  async putState(name: string, text: string | undefined, events: readonly NewProgramEvent[]): Promise<void> {
    await this.writer.change('tellOfProgram', [name, text, { events, most }], (ids) => {
      if (text === undefined) this.states.unload(name);
      else this.states.load({ name, text });
      this.#take(events, ids);
    });
    this.onMore();
  }

  /** @throws RecordsError */
  async tell(events: readonly NewProgramEvent[]): Promise<void> {
    await this.writer.change('tellProgramEvents', [{ events, most }], (ids) => { this.#take(events, ids); });
    this.onMore();
  }

  /** All up to this one have been told to everybody. The newest is kept: the next daemon begins with its id. @throws RecordsError */
  async dropThrough(told: number): Promise<void> {
    const id = Math.min(told, this.#lastId - 1);
    if ((this.#events[0]?.id ?? Infinity) > id) return;
    await this.writer.change('dropProgramEvents', [id], () => { this.#events = this.#events.filter((event) => event.id > id); });
  }

  /** What is kept of before and is of no use to who reads it is left out. @returns it */
  leaveOut(isOfUse: (event: ProgramEventRecord) => boolean): readonly ProgramEventRecord[] {
    const left = this.#events.filter((event) => !isOfUse(event));
    this.#events = this.#events.filter(isOfUse);
    return left;
  }

  /** It is on the disk. */
  load(event: ProgramEventRecord): void {
    this.#events.push(event);
    this.#lastId = event.id;
  }

  #take(events: readonly NewProgramEvent[], ids: readonly number[]): void {
    for (const [at, { type, text, replaces }] of events.entries()) {
      if (replaces) this.#events = this.#events.filter((event) => event.type !== type);
      this.load({ id: ids[at] ?? 0, type, text });
    }
    const over = this.#events.findIndex(({ id }) => id > this.#lastId - most);
    if (over > 0) this.#events.splice(0, over);
  }
}
