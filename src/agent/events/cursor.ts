import type { NamedTexts } from '../../records/named-texts';
import type { Logger } from '../../runtime/logger';
import { untilDone } from '../../sys/until-done';
import { type Notes, dropNote } from './notes';

/**
 * How far somebody has been told, written down: what comes after that is told (again) by the next daemon. With the records, which outlive a boot, but are written as fast as a disk is; and at once among the
 * notes, by which the daemon that comes after one that was killed tells nothing again that was taken before.
 */
export class Cursor {
  #throughId: number;
  #written: number | undefined;
  #isWriting = false;
  #isClosed = false;

  /** @param lastId of the events that there are: where nothing is written down, who is new is told of what comes from now on */
  constructor(private readonly texts: NamedTexts, private readonly notes: Notes, private readonly log: Logger, readonly name: string, lastId: number) {
    const text = texts.find(name);
    this.#written = text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
    this.#throughId = this.#written === undefined ? lastId : Math.max(this.#written, this.#notedThrough(lastId));
    // What is noted under its name still is of another one.
    if (this.#written === undefined) this.#note();
    void this.#write();
  }

  get throughId(): number {
    return this.#throughId;
  }

  moveTo(id: number): void {
    // Of one that is closed nothing is written any more: it may have been forgotten.
    if (id <= this.#throughId || this.#isClosed) return;
    this.#throughId = id;
    this.#note();
    void this.#write();
  }

  /** Nobody is told any more. @param name of a cursor that has been closed */
  static async forget(texts: NamedTexts, notes: Notes, log: Logger, name: string): Promise<void> {
    dropNote(notes, noteName(name), log);
    await texts.delete(name).catch((error: unknown) => { log.warn({ name, err: error }, 'how far events have been told cannot be forgotten'); });
  }

  /** May be called twice. */
  close(): void {
    this.#isClosed = true;
  }

  /** Of other events nothing is noted: the records may have been lost meanwhile. */
  #notedThrough(lastId: number): number {
    try {
      const text = this.notes.fact(noteName(this.name));
      const id = text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
      return id <= lastId ? id : 0;
    } catch (error) {
      this.log.warn({ name: this.name, err: error }, 'how far events have been told cannot be read: some may be told twice');
      return 0;
    }
  }

  #note(): void {
    try {
      this.notes.setFact(noteName(this.name), String(this.#throughId));
    } catch (error) {
      this.log.warn({ name: this.name, err: error }, 'how far events have been told cannot be noted: some may be told twice');
    }
  }

  /** One after the other, each with the newest. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const write = async (): Promise<void> => {
      while (this.#written !== this.#throughId && !this.#isClosed) {
        const id = this.#throughId;
        await this.texts.put({ name: this.name, text: String(id) });
        this.#written = id;
      }
    };
    await untilDone(write, () => !this.#isClosed, (error) => {
      this.log.warn({ name: this.name, err: error }, 'how far events have been told cannot be written down: some may be told twice');
    });
    this.#isWriting = false;
  }
}

function noteName(name: string): string {
  return `told ${name}`;
}
