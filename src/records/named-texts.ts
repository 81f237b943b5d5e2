import type { NamedText } from './named-text';
import type { Writer } from './writer';

/** The changes of a table of texts. */
export interface TextChanges {
  readonly put: 'putProgramState' | 'putProgramDefinition' | 'putEventCursor';
  readonly delete: 'deleteProgramState' | 'deleteProgramDefinition' | 'deleteEventCursor';
}

/** Texts of the agent by name, of one kind. What a change has resolved with is on the disk. */
export class NamedTexts {
  readonly #texts = new Map<string, string>();

  constructor(private readonly writer: Writer, private readonly changes: TextChanges) {}

  /** Undefined: nothing was ever written down under that name. */
  find(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** By name. */
  list(): readonly NamedText[] {
    return [...this.#texts].map(([name, text]) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** In one transaction: all of it is written, or nothing. Throws what Writer.change does. */
  async put(record: NamedText): Promise<void> {
    await this.writer.change(this.changes.put, [record], () => { this.load(record); });
  }

  /** A name that is not there is nothing to change, and no error. Throws what Writer.change does. */
  async delete(name: string): Promise<void> {
    await this.writer.change(this.changes.delete, [name], () => { this.#texts.delete(name); });
  }

  /** It is gone from the disk. */
  unload(name: string): void {
    this.#texts.delete(name);
  }

  /** It is on the disk. */
  load({ name, text }: NamedText): void {
    this.#texts.set(name, text);
  }
}
