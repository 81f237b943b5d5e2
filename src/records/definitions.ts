import type { Definition } from './definition';
import type { DefinitionRecord, NewEnd, Wish } from './definition-record';
import type { HistoryEntry, NamedHistoryEntry } from './history-record';
import type { ChangeArgs, ChangeName } from './thread/changes';
import type { Writer } from './writer';

/** The changes of a program's record: they say what it is then. */
type DefinitionChange = Extract<ChangeName, 'deleteDefinition' | 'putDefinition' | 'setEnd' | 'setFailure' | 'setOutOfMemory' | 'setStarted' | 'setStopDeadline' | 'setWish'>;

/**
 * The programs by name: what is to run, what is asked of it, and how it ended. What a change has resolved with is on the disk.
 * A name that is not there is nothing to change, and no error. Each change throws what Writer.change does.
 */
export class Definitions {
  readonly #records = new Map<string, DefinitionRecord>();

  constructor(private readonly writer: Writer) {}

  find(name: string): DefinitionRecord | undefined {
    return this.#records.get(name);
  }

  /** By name. */
  list(): DefinitionRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Settles once what has been asked for can be read: see {@link Writer.settled}. */
  settled(): Promise<void> {
    return this.writer.settled();
  }

  /** Remembers it, or another definition under a name that is there already, and what is asked of it with that: both, or nothing. @param wish undefined: what was asked before */
  put(name: string, definition: Definition, nowNs: bigint, wish?: Wish): Promise<void> {
    return this.#change('putDefinition', name, [name, definition, nowNs, wish]);
  }

  delete(name: string): Promise<void> {
    return this.#change('deleteDefinition', name, [name]);
  }

  setWish(name: string, wish: Wish): Promise<void> {
    return this.#change('setWish', name, [name, wish]);
  }

  /** @param deadlineNs undefined: no stop is under way */
  setStopDeadline(name: string, deadlineNs: bigint | undefined): Promise<void> {
    return this.#change('setStopDeadline', name, [name, deadlineNs]);
  }

  /** @param failure undefined: none */
  setFailure(name: string, failure: string | undefined): Promise<void> {
    return this.#change('setFailure', name, [name, failure]);
  }

  /** Its start has been told, at the time of the entry. */
  setStarted(name: string, bootId: string, entry: HistoryEntry): Promise<void> {
    return this.#change('setStarted', name, [name, bootId, entry]);
  }

  /** Processes of the run that there is were killed for want of memory. */
  setOutOfMemory(name: string, entry: HistoryEntry): Promise<void> {
    return this.#change('setOutOfMemory', name, [name, entry]);
  }

  /** The run that there is is over; repeating it changes nothing. */
  setEnd(name: string, end: NewEnd, entry: HistoryEntry): Promise<void> {
    return this.#change('setEnd', name, [name, end, entry]);
  }

  /** What happened to it beside its runs; repeating it changes nothing. */
  addHistory(name: string, entry: HistoryEntry): Promise<void> {
    return this.writer.change('addHistory', [name, entry], () => undefined);
  }

  /** What has happened to programs that are remembered, also before the host's start: the newest, oldest first. @param names none: all */
  history(names: readonly string[], most: number): Promise<readonly NamedHistoryEntry[]> {
    return this.writer.change('readHistory', [names, most], () => undefined);
  }

  /** It is on the disk. */
  load(record: DefinitionRecord): void {
    this.#records.set(record.name, record);
  }

  async #change<Name extends DefinitionChange>(change: Name, name: string, args: ChangeArgs<Name>): Promise<void> {
    await this.writer.change(change, args, (then) => {
      if (then === undefined) this.#records.delete(name);
      else this.load(then);
    });
  }
}
