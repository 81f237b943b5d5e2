import { PassThrough } from 'node:stream';
import { type ClientStream, ResetCode } from './http2/client-stream';
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
  readonly stream: ClientStream;
  /** Why the connection is over; undefined where it is not. */
  connectionEnd(): Error | undefined;
}

type Headers = ReadonlyMap<string, string>;

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
  #answered: Headers = new Map();
  #trailers: Headers = new Map();
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
    this.#stream.then(({ stream }) => { stream.abort(ResetCode.cancel); }, () => undefined);
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
      if (!stream.closed) stream.abort(ResetCode.cancel);
    }
    this.#throwUnlessOk(begun, failure);
    if (reader.isAmidMessage) throw new GrpcError(Status.internal, 'the last message was cut off');
  }

  #join(begun: CallStream): CallStream {
    const { stream } = begun;
    stream.once('headers', (answered: Headers) => {
      this.#answered = answered;
      stream.once('headers', (trailers: Headers) => { this.#trailers = trailers; });
    });
    // Each is thrown by who reads, or has come too late to matter.
    stream.on('error', () => undefined);
    this.#requests.pipe(stream);
    if (this.#aborted.signal.aborted) stream.abort(ResetCode.cancel);
    return begun;
  }

  async #headersOf(begun: CallStream): Promise<void> {
    const { stream } = begun;
    await new Promise<void>((resolve) => {
      for (const event of ['headers', 'close']) stream.once(event, resolve);
    });
    if (!isGrpc(this.#answered) || this.#answered.get('grpc-status') !== undefined) this.#throwUnlessOk(begun, undefined);
  }

  #throwUnlessOk({ stream, connectionEnd }: CallStream, cause: unknown): void {
    const failure = failureIn(new Map([...this.#answered, ...this.#trailers]));
    if (failure === 'none') return;
    if (failure !== undefined) throw failure;
    const lost = connectionEnd();
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
  const status = headers.get('grpc-status');
  if (status !== undefined) {
    const code = /^\d{1,2}$/.test(status) ? Number(status) : Status.unknown;
    return code === Status.ok ? 'none' : new GrpcError(code, decodeMessage(headers.get('grpc-message') ?? ''));
  }
  const httpStatus = headers.get(':status');
  if (httpStatus === undefined || isGrpc(headers)) return undefined;
  return new GrpcError(statusOfHttp(Number(httpStatus)), `an answer in HTTP that is not gRPC's: status ${httpStatus}, ${headers.get('content-type') ?? 'no content type'}`);
}

function isGrpc(headers: Headers): boolean {
  return /^application\/grpc/.test(headers.get('content-type') ?? '');
}
