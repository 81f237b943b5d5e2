import { PassThrough } from 'node:stream';
import { setImmediate as laterTurn } from 'node:timers/promises';
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { MessageReader, frameOf } from './message-frames';
import { GrpcError, Status, decodeMessage, statusOfHttp, statusOfReset } from './status';

/** A method of a service, as ts-proto makes it from a .proto file. */
export interface Method<Request, Response> {
  readonly path: string;
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

/** What ends the connection of a call, where it is known. */
export interface CallStream {
  readonly stream: ClientHttp2Stream;
  /** Why the connection is over; undefined where it is not. */
  connectionEnd(): Promise<Error | undefined>;
}

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** Of RST_STREAM (RFC 9113, section 7). */
const CANCEL = 8;

/**
 * One call: requests go out with write() and end(), answers are iterated, once. It begins before there is a connection: what is written
 * waits for that. Fails with a GrpcError.
 */
export class Call<Request, Response> implements AsyncIterable<Response> {
  /** Resolves with the headers of an answer; rejects where the call fails before them. */
  readonly opened: Promise<void>;
  readonly #method: Method<Request, Response>;
  readonly #requests = new PassThrough();
  readonly #stream: Promise<CallStream>;
  readonly #aborted = new AbortController();
  #answered: Headers = {};
  #trailers: Headers = {};
  /** Of the stream's end, before it was closed from this side, too. */
  #endCode: number | undefined;

  /** @param begin gets the call a stream; its signal says that nobody waits for one any more */
  constructor(method: Method<Request, Response>, begin: (path: string, signal: AbortSignal) => Promise<CallStream>) {
    this.#method = method;
    this.#stream = begin(method.path, this.#aborted.signal).then((begun) => this.#join(begun));
    this.opened = this.#stream.then((begun) => this.#headersOf(begun));
    // Who iterates hears of it there.
    this.opened.catch(() => undefined);
  }

  /** @returns whether there is room for more; onDrain tells when there is */
  write(request: Request): boolean {
    return this.#requests.write(frameOf(this.#method.requestSerialize(request)));
  }

  /** There is room again, after a write that said that there was none. */
  onDrain(listener: () => void): void {
    this.#requests.on('drain', listener);
  }

  /** No further requests. */
  end(): void {
    this.#requests.end();
  }

  /** Wants no more, and lets the server know. May be called twice. */
  cancel(): void {
    this.#aborted.abort();
    this.#stream.then(({ stream }) => { stream.close(CANCEL); }, () => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Response, void, undefined> {
    const begun = await this.#stream;
    const { stream } = begun;
    const reader = new MessageReader();
    let failure: unknown;
    try {
      for await (const piece of stream) for (const message of reader.take(piece as Buffer)) yield this.#read(message);
    } catch (error) {
      if (error instanceof GrpcError) throw error;
      failure = error;
    } finally {
      this.#endCode = stream.rstCode;
      // Who does not read to the end wants no more; and a server that has said all reads no more.
      if (!stream.closed) stream.close(CANCEL);
    }
    await this.#throwUnlessOk(begun, failure);
    if (reader.isAmidMessage) throw new GrpcError(Status.internal, 'the last message was cut off');
  }

  #join(begun: CallStream): CallStream {
    const { stream } = begun;
    stream.once('response', (headers) => { this.#answered = headers; });
    stream.once('trailers', (headers: Headers) => { this.#trailers = headers; });
    // Each is thrown by who reads, or has come too late to matter.
    stream.on('error', () => undefined);
    this.#requests.pipe(stream);
    if (this.#aborted.signal.aborted) stream.close(CANCEL);
    return begun;
  }

  async #headersOf(begun: CallStream): Promise<void> {
    const { stream } = begun;
    await new Promise<void>((resolve) => {
      for (const event of ['response', 'close'] as const) stream.once(event, resolve);
    });
    if (!isGrpc(this.#answered) || this.#answered['grpc-status'] !== undefined) await this.#throwUnlessOk(begun, undefined);
  }

  async #throwUnlessOk({ stream, connectionEnd }: CallStream, cause: unknown): Promise<void> {
    // Node tells of trailers in the same turn as of the end, in any order.
    await laterTurn();
    const failure = failureIn({ ...this.#answered, ...this.#trailers });
    if (failure === 'none') return;
    if (failure !== undefined) throw failure;
    const lost = await connectionEnd();
    if (lost !== undefined) throw new GrpcError(Status.unavailable, lost.message, { cause: lost });
    const code = this.#endCode ?? stream.rstCode;
    throw new GrpcError(statusOfReset(code), `the stream ended without a status (code ${String(code)})`, { cause });
  }

  #read(message: Buffer): Response {
    try {
      return this.#method.responseDeserialize(message);
    } catch (cause) {
      throw new GrpcError(Status.internal, `an answer that cannot be read: ${String(cause)}`, { cause });
    }
  }
}

/** What the headers and trailers of an answer say of its end; undefined where they say nothing. */
function failureIn(headers: Headers): GrpcError | 'none' | undefined {
  const status = headers['grpc-status'];
  if (status !== undefined) {
    const code = /^\d{1,2}$/.test(String(status)) ? Number(status) : Status.unknown;
    return code === Status.ok ? 'none' : new GrpcError(code, decodeMessage(String(headers['grpc-message'] ?? '')));
  }
  const httpStatus = headers[':status'];
  if (httpStatus === undefined || isGrpc(headers)) return undefined;
  return new GrpcError(statusOfHttp(httpStatus), `an answer in HTTP that is not gRPC's: status ${String(httpStatus)}, ${headers['content-type'] ?? 'no content type'}`);
}

function isGrpc(headers: Headers): boolean {
  return /^application\/grpc/.test(headers['content-type'] ?? '');
}
