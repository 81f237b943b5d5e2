import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../sys/thrown';
import { Call, type CallStream, type Method } from './call';
import { Http2Connection } from './http2/connection';
import { GrpcError, Status } from './status';

/** A daemon that is restarted is back within a second. */
const RETRY_MS = 100;

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
  /** Where nobody listens, wait until somebody does instead of failing. */
  readonly waitForServer?: boolean;
}

/**
 * gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md) to a server on a unix socket: grpc-js does the same, and takes
 * longer to load than all of holdfastctl. Connects at the first call, and again after the connection was lost. Calls fail with a GrpcError.
 */
export class Channel {
  #connection: Http2Connection | undefined;
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
      if (this.#connection?.isUsable !== true) this.#connection = new Http2Connection(this.socketPath);
      const connection = this.#connection;
      try {
        await (waitForServer ? connection.greeted : connection.connected);
        return { stream: connection.request(path), connectionEnd: () => connection.end };
      } catch (error) {
        if (!waitForServer) throw new GrpcError(Status.unavailable, messageOf(error), { cause: error });
      }
      await delay(RETRY_MS, undefined, { signal: cancelled }).catch(() => undefined);
    }
  }
}
