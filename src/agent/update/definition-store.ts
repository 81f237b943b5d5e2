import type { NamedTexts } from '../../records/named-texts';
import { type InUse, parseInUse, printInUse } from './in-use';

/** Of the text that says in which boot of the host the files were taken as they are: no program has an empty name. */
const bootText = '';

/** The definitions in use, as they are written down. */
export class DefinitionStore {
  readonly #inUse = new Map<string, InUse>();

  constructor(private readonly texts: NamedTexts) {}

  /** By program. */
  get inUse(): ReadonlyMap<string, InUse> {
    return this.#inUse;
  }

  /** The boot of the host in which the files were taken as they are; undefined: none. */
  get bootId(): string | undefined {
    return this.texts.find(bootText);
  }

  /** Reads what is written down. To be called once. @param onInvalid told of what cannot be read, which is left out */
  load(onInvalid: (name: string, error: unknown) => void): void {
    for (const { name, text } of this.texts.list()) {
      if (name === bootText) continue;
      try {
        this.#inUse.set(name, parseInUse(name, text));
      } catch (error) {
        onInvalid(name, error);
      }
    }
  }

  /** @throws RecordsError */
  async setBootId(bootId: string): Promise<void> {
    await this.texts.put({ name: bootText, text: bootId });
  }

  /** Resolves once it is on the disk. @throws RecordsError */
  async put(inUse: InUse): Promise<void> {
    const { name } = inUse.definition;
    await this.texts.put({ name, text: printInUse(inUse) });
    this.#inUse.set(name, inUse);
  }

  /** @throws RecordsError */
  async delete(name: string): Promise<void> {
    await this.texts.delete(name);
    this.#inUse.delete(name);
  }
}
