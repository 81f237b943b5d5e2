/**
 * The bounded channel between everyone and the loop: many producers, one consumer.
 *
 * Two doors. `offer` is for requests from outside: it refuses once `capacity`
 * items wait, and the caller answers its client with that. `post` is for what
 * happens inside (outcomes, exits, OOMs): it never refuses, since losing one would
 * lose an exit; its number is bounded by what can happen at once, which is one exit
 * and one outcome for each process and each request under way.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #head = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(readonly capacity: number) {}

  /** Items that wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** From outside: `false` (and nothing is queued) when the channel is full or closed. */
  offer(item: T): boolean {
    if (this.#closed || this.length >= this.capacity) return false;
    this.#push(item);
    return true;
  }

  /** From inside: always taken, also after `close`, as long as the loop still drains. */
  post(item: T): void {
    this.#push(item);
  }

  /** No more from outside; the iteration ends once the channel is empty. */
  close(): void {
    this.#closed = true;
    this.#wakeUp();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      while (this.#head < this.#items.length) {
        const item = this.#items[this.#head] as T;
        this.#head += 1;
        if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
          this.#items.splice(0, this.#head);
          this.#head = 0;
        }
        yield item;
      }
      this.#items.length = 0;
      this.#head = 0;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #push(item: T): void {
    this.#items.push(item);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
