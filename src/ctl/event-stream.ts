import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Event } from '../api/gen/api';

/**
 * A subscription. Iterate it once; it ends when the daemon ends it, throws what the daemon says,
 * and ends quietly after close().
 */
export class EventStream implements AsyncIterable<Event> {
  readonly #call: ClientReadableStream<Event>;
  readonly #convert: (error: unknown) => Error;
  #closed = false;

  private constructor(call: ClientReadableStream<Event>, convert: (error: unknown) => Error) {
    this.#call = call;
    this.#convert = convert;
  }

  /**
   * Resolves once the daemon has answered with its headers: whatever happens from then on is in the
   * stream. Rejects where it refuses.
   */
  static async open(call: ClientReadableStream<Event>, convert: (error: unknown) => Error): Promise<EventStream> {
    const stream = new EventStream(call, convert);
    await new Promise<void>((resolve, reject) => {
      // This listener stays: an error between two reads of the iterator is thrown by the next one.
      call.on('error', (error) => {
        reject(convert(error));
      });
      call.once('metadata', () => {
        resolve();
      });
      // An empty replay may end without headers of its own.
      call.once('status', () => {
        resolve();
      });
    });
    return stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    try {
      for await (const event of this.#call) yield event as Event;
    } catch (error) {
      if (!this.#closed) throw this.#convert(error);
    } finally {
      this.close();
    }
  }

  /** Ends the subscription. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#call.cancel();
  }
}
