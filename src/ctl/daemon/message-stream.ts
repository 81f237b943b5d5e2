import type { Call } from '../grpc/call';

/**
 * What the daemon answers piece by piece. Iterate it once; it ends when the daemon ends it, throws what the daemon says,
 * and ends quietly after close().
 */
export class MessageStream<T> implements AsyncIterable<T> {
  /** Resolves once the daemon has answered with its headers; rejects where it refuses. */
  readonly opened: Promise<void>;
  readonly #call: Call<never, T>;
  readonly #convert: (error: unknown) => Error;
  #closed = false;

  constructor(call: Call<never, T>, convert: (error: unknown) => Error) {
    this.#call = call;
    this.#convert = convert;
    this.opened = call.opened.catch((error: unknown) => { throw convert(error); });
    this.opened.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for await (const message of this.#call) yield message;
    } catch (error) {
      if (!this.#closed) throw this.#convert(error);
    } finally {
      this.close();
    }
  }

  /** Wants no more; what the daemon has under way goes on. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#call.cancel();
  }
}
