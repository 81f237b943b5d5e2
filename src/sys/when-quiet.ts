/** Does something once a program has been quiet for so long. */
export class WhenQuiet {
  #wasUsed = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly quietMs: number, private readonly act: () => void) {}

  /** Something has been done that it is to follow. Cheap, and may be called as often as one likes. */
  notice(): void {
    this.#wasUsed = true;
    if (!this.#closed) this.#timer ??= this.#later();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #later(): NodeJS.Timeout {
    this.#wasUsed = false;
    return setTimeout(() => {
      this.#timer = this.#wasUsed ? this.#later() : undefined;
      if (this.#timer === undefined) this.act();
    }, this.quietMs).unref();
  }
}
