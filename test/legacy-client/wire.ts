import { connect as connectHttp2, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** What the generated code says of one method. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** A call that failed: the gRPC status, and the message exactly as it was on the wire. */
export class CallError extends Error {
  /** @param code of gRPC; 14 (UNAVAILABLE) where the connection failed, 4 where the time was up */
  constructor(
    readonly method: string,
    readonly code: number,
    readonly details: string,
  ) {
    super(`${method}: ${String(code)} ${details}`);
    this.name = 'CallError';
  }
}

/** A running server stream. */
export interface StreamCall {
  /** Resolves at the response headers. */
  readonly opened: Promise<void>;
  /** Resolves at the end of the stream, rejects with a {@link CallError}. */
  readonly ended: Promise<void>;
  close(): void;
}

const unavailable = 14;
const deadlineExceeded = 4;

/**
 * A gRPC connection as dockerds before 17.11 make it: HTTP/2 on a unix socket, with the socket's *path* as
 * `:authority`, and without decoding `grpc-message`. It connects at the first call, and anew at the first
 * call after a break.
 */
export class LegacyConnection {
  #session: ClientHttp2Session | undefined;

  /**
   * @param authority old dockerds send the socket's path, which a bare Node server refuses
   * @param extra fields of each request beside those that every client sends
   */
  constructor(
    readonly socketPath: string,
    private readonly authority = socketPath,
    private readonly extra: Readonly<Record<string, string>> = {},
  ) {}

  /** One request, one answer. Rejects with a {@link CallError}. */
  async unary<Request, Response>(method: Method<Request, Response>, request: Request, timeoutMs?: number): Promise<Response> {
    let answer: Response | undefined;
    const stream = this.#open(method, request, timeoutMs, (message) => {
      answer = message;
    });
    await stream.ended;
    if (answer === undefined) throw new CallError(method.path, unavailable, 'no answer, and no error');
    return answer;
  }

  /** One request, many answers. Nobody need look at `opened` and `ended`. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    onMessage: (message: Response) => void,
  ): StreamCall {
    return this.#open(method, request, undefined, onMessage);
  }

  /** Breaks the connection off, with all its calls. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #open<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    timeoutMs: number | undefined,
    onMessage: (message: Response) => void,
  ): StreamCall {
    const stream = this.#connected().request({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': method.path,
      ':authority': this.authority,
      'content-type': 'application/grpc',
      'user-agent': 'grpc-go/1.0.4',
      te: 'trailers',
      ...this.extra,
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${String(timeoutMs * 1000)}u` }),
    });
    stream.end(frame(method.requestSerialize(request)));
    receive(stream, (bytes) => {
      onMessage(method.responseDeserialize(bytes));
    });
    const opened = new Promise<void>((resolve, reject) => {
      stream.once('response', () => {
        resolve();
      });
      stream.once('close', () => {
        reject(new CallError(method.path, unavailable, 'closed before its headers'));
      });
    });
    const ended = outcomeOf(stream, method.path, timeoutMs);
    for (const promise of [opened, ended]) promise.catch(() => undefined);
    return {
      opened,
      ended,
      close: () => {
        stream.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connectHttp2('http://localhost', { createConnection: () => connectSocket(this.socketPath) });
    // Each call is told by its own stream.
    session.on('error', () => undefined);
    session.on('goaway', () => {
      session.close();
    });
    this.#session = session;
    return session;
  }
}

/** One gRPC message: not compressed, four bytes of length. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function receive(stream: ClientHttp2Stream, onMessage: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      onMessage(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  });
}

/** The status comes in the trailers, or in the headers where there is nothing but an error. */
function outcomeOf(stream: ClientHttp2Stream, path: string, timeoutMs: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let cause = 'the connection was closed';
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            reject(new CallError(path, deadlineExceeded, 'context deadline exceeded'));
            stream.close(constants.NGHTTP2_CANCEL);
          }, timeoutMs);
    const settle = (headers: IncomingHttpHeaders): void => {
      const status = headers['grpc-status'];
      if (status === undefined) return;
      if (status === '0') resolve();
      else reject(new CallError(path, Number(status), String(headers['grpc-message'] ?? '')));
    };
    stream.on('response', settle);
    stream.on('trailers', settle);
    stream.on('error', (error: Error) => {
      cause = error.message;
    });
    stream.on('close', () => {
      clearTimeout(timer);
      reject(new CallError(path, unavailable, cause));
    });
  });
}
