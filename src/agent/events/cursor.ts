import type { NamedTexts } from '../../records/named-texts';
import type { Logger } from '../../runtime/logger';
import { untilDone } from '../../sys/until-done';

/** How far somebody has been told, written down: what comes after that is told (again) by the next daemon. */
export class Cursor {
  #throughId: number;
  #written: number | undefined;
  #isWriting = false;
  #isClosed = false;

  /** @param firstId where nothing is written down: who is new is told of what comes from now on */
  constructor(private readonly texts: NamedTexts, private readonly log: Logger, readonly name: string, firstId: number) {
    const text = texts.find(name);
    this.#written = text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
    this.#throughId = this.#written ?? firstId;
    void this.#write();
  }

  get throughId(): number {
    return this.#throughId;
  }

  moveTo(id: number): void {
    if (id <= this.#throughId) return;
    this.#throughId = id;
    void this.#write();
  }

  /** May be called twice. */
  close(): void {
    this.#isClosed = true;
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
