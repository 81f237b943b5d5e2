import type { ClientReadableStream } from '@grpc/grpc-js';

/**
 * What the daemon answers piece by piece. Iterate it once; it ends when the daemon ends it, throws what the daemon says,
 * and ends quietly after close().
 */
export class MessageStream<T> implements AsyncIterable<T> {
  /** Resolves once the daemon has answered with its headers; rejects where it refuses. */
  readonly opened: Promise<void>;
  readonly #call: ClientReadableStream<T>;
  readonly #convert: (error: unknown) => Error;
  #closed = false;

  constructor(call: ClientReadableStream<T>, convert: (error: unknown) => Error) {
    this.#call = call;
    this.#convert = convert;
    this.opened = new Promise<void>((resolve, reject) => {
      // This listener stays: an error between two reads of the iterator is thrown by the next one.
      call.on('error', (error) => {
        reject(convert(error));
      });
      // One that answers with nothing may end without headers of its own.
      for (const event of ['metadata', 'status'] as const) call.once(event, () => { resolve(); });
    });
    this.opened.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for await (const message of this.#call) yield message as T;
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
