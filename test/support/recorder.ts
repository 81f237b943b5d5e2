import { patienceMs, within } from './deadline';

/** Narrows an `until`: only items after this many (see {@link Recorder.position}). */
export interface UntilOptions {
  readonly from?: number;
  readonly deadlineMs?: number;
}

/** A list that grows, and that can be waited on. */
export class Recorder<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #broken: Promise<never>;
  #break: (error: Error) => void = () => undefined;

  /** @param describe an item, for the error of a deadline */
  constructor(readonly describe: (item: T) => string) {
    this.#broken = new Promise<never>((_resolve, reject) => (this.#break = reject));
    // Told to whoever waits; nobody may do so.
    this.#broken.catch(() => undefined);
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** How many there are; as `from` of an `until` it means "from now on". */
  get position(): number {
    return this.#items.length;
  }

  add(item: T): void {
    this.#items.push(item);
    for (const wake of [...this.#waiting]) wake();
  }

  /** Nothing more will come: whoever waits, now or later, is told why. */
  end(reason: string): void {
    this.#break(new Error(reason));
  }

  /**
   * The first item that fits, there already or still to come.
   *
   * @param what names it in the error of a deadline, which also lists what came instead
   */
  async until(fits: (item: T) => boolean, what: string, options: UntilOptions = {}): Promise<T> {
    const find = (): T | undefined => this.#items.slice(options.from ?? 0).find(fits);
    const found = find();
    if (found !== undefined) return found;
    let wake: () => void = () => undefined;
    const coming = new Promise<T>((resolve) => {
      wake = (): void => {
        const item = find();
        if (item !== undefined) resolve(item);
      };
    });
    this.#waiting.add(wake);
    const seen = (): string => `seen: ${this.#items.map(this.describe).join(', ') || 'nothing'}`;
    try {
      return await within(Promise.race([coming, this.#broken]), what, options.deadlineMs ?? patienceMs, seen);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
