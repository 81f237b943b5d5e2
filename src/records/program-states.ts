import type { ProgramStateRecord } from './program-state-record';
import type { Writer } from './writer';

/** Where each program of the agent stands, and what is to be done with it. What a change has resolved with is on the disk. */
export class ProgramStates {
  readonly #texts = new Map<string, string>();

  constructor(private readonly writer: Writer) {}

  /** Undefined: nothing was ever written down of it. */
  find(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** In one transaction: all of it is written, or nothing. Throws what Writer.change does. */
  async put(record: ProgramStateRecord): Promise<void> {
    await this.writer.change('putProgramState', [record], () => { this.load(record); });
  }

  /** A name that is not there is nothing to change, and no error. Throws what Writer.change does. */
  async delete(name: string): Promise<void> {
    await this.writer.change('deleteProgramState', [name], () => { this.#texts.delete(name); });
  }

  /** It is on the disk. */
  load({ name, text }: ProgramStateRecord): void {
    this.#texts.set(name, text);
  }
}
