import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../sys/thrown';
import { Call, type CallStream, type Method } from './call';
import { GrpcError, Status } from './status';

/** Of a stream and of the connection: output comes as fast as it is read. */
const WINDOW_BYTES = 1024 * 1024;
/** A daemon that is restarted is back within a second. */
const RETRY_MS = 100;
/** Who listens and does not even greet for so long, as gRPC's own libraries have it, hangs, or is no server. */
const GREETING_TIMEOUT_MS = 20_000;

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
  /** Where nobody listens, wait until somebody does instead of failing. */
  readonly waitForServer?: boolean;
}

/**
 * gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md) to a server on a unix socket, with Node's own HTTP/2: grpc-js does the same, and takes
 * longer to load than all of holdfastctl. Connects at the first call, and again after the connection was lost. Calls fail with a GrpcError.
 */
export class Channel {
  #connection: Connection | undefined;
  #closed = false;

  constructor(private readonly socketPath: string) {}

  /** One request, one answer. */
  async unary<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): Promise<Response> {
    const answers: Response[] = [];
    for await (const answer of this.stream(method, request, options)) answers.push(answer);
    const [answer] = answers;
    if (answer === undefined || answers.length > 1) throw new GrpcError(Status.internal, `${String(answers.length)} answers instead of one`);
    return answer;
  }

  /** One request, many answers. */
  stream<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): Call<Request, Response> {
    const call = this.duplex(method, options);
    call.write(request);
    call.end();
    return call;
  }

  /** Requests and answers, as they come. */
  duplex<Request, Response>(method: Method<Request, Response>, { signal, waitForServer = false }: CallOptions = {}): Call<Request, Response> {
    const call = new Call(method, (path, cancelled) => this.#begin(path, waitForServer, cancelled));
    if (signal?.aborted === true) call.cancel();
    signal?.addEventListener('abort', () => { call.cancel(); }, { once: true });
    return call;
  }

  /** No further calls; those under way fail. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #begin(path: string, waitForServer: boolean, cancelled: AbortSignal): Promise<CallStream> {
    for (;;) {
      if (this.#closed || cancelled.aborted) throw new GrpcError(Status.cancelled, 'cancelled before the call began');
      if (this.#connection?.isUsable !== true) this.#connection = new Connection(this.socketPath);
      const connection = this.#connection;
      try {
        await (waitForServer ? connection.greeted : connection.connected);
        return connection.request(path);
      } catch (error) {
        if (!waitForServer) throw new GrpcError(Status.unavailable, messageOf(error), { cause: error });
      }
      await delay(RETRY_MS, undefined, { signal: cancelled }).catch(() => undefined);
    }
  }
}

/** One connection, from its socket's first moment to its end. */
class Connection {
  /** Somebody has accepted. */
  readonly connected: Promise<void>;
  /** And has spoken HTTP/2. */
  readonly greeted: Promise<void>;
  readonly #session: ClientHttp2Session;
  /** With why. */
  readonly #closed: Promise<Error>;
  #error: Error | undefined;
  #isGoing = false;

  constructor(socketPath: string) {
    const socket = connectSocket(socketPath);
    this.#session = connect('http://localhost', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    const tooLate = setTimeout(() => { this.#session.destroy(new Error(`no answer within ${String(GREETING_TIMEOUT_MS / 1000)} s`)); }, GREETING_TIMEOUT_MS);
    this.#closed = new Promise((resolve) => {
      this.#session.once('close', () => { resolve(this.#error ?? new Error('the connection was closed')); });
    });
    const until = (event: 'connect' | 'remoteSettings'): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#session.once(event, () => { resolve(); });
        void this.#closed.then(reject);
      });
    this.connected = until('connect');
    this.greeted = until('remoteSettings').finally(() => { clearTimeout(tooLate); });
    for (const promise of [this.connected, this.greeted]) promise.catch(() => undefined);
    this.#session.once('connect', () => { this.#session.setLocalWindowSize(WINDOW_BYTES); });
    this.#session.on('error', (error: Error) => { this.#error ??= error; });
    // The socket's own words are better than what the session makes of them.
    socket.on('error', (error) => { this.#error = error; });
    this.#session.on('goaway', () => { this.#isGoing = true; });
  }

  get isUsable(): boolean {
    return !this.#isGoing && !this.#session.closed && !this.#session.destroyed;
  }

  request(path: string): CallStream {
    const stream = this.#session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', 'user-agent': 'holdfastctl', te: 'trailers' });
    return { stream, connectionEnd: async () => (this.#session.destroyed ? await this.#closed : undefined) };
  }

  close(): void {
    this.#session.destroy();
  }
}
