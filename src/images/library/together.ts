/** What is asked for together ends together: when its caller wants no more of it, or once one part of it has failed. */
export class Together {
  readonly #ending = new AbortController();
  readonly #end = (): void => { this.#ending.abort(); };

  constructor(private readonly caller: AbortSignal) {
    if (caller.aborted) this.#end();
    caller.addEventListener('abort', this.#end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Waits for all of them. @throws what the first has failed with, by time */
  async all(parts: readonly Promise<unknown>[]): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    await Promise.all(parts.map((part) => part.catch((error: unknown) => {
      failure ??= { error };
      // The others are of no use without it.
      this.#end();
    })));
    if (failure !== undefined) throw failure.error;
  }

  /** May be called twice. */
  close(): void {
    this.caller.removeEventListener('abort', this.#end);
  }
}
