import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';

import { APIService } from '../../src/api/gen/legacy/api';
import type {
  CreateContainerRequest,
  Event,
  EventsRequest,
  SignalRequest,
  StateRequest,
  StateResponse,
  UpdateProcessRequest,
} from '../../src/api/gen/legacy/api';
import { HealthService } from '../../src/api/gen/health';

/** What a client asked, in the order of asking: the method's name and the request. */
export interface Asked {
  readonly method: string;
  readonly request: CreateContainerRequest | EventsRequest | SignalRequest | StateRequest | UpdateProcessRequest;
}

/**
 * A server that speaks the API and runs nothing: for tests of the test clients themselves. It says what it
 * was asked, and sends the events that it is told to.
 */
export class FakeServer {
  readonly asked: Asked[] = [];
  /** Answers of State; without an entry, the id is unknown. */
  readonly containers = new Map<string, StateResponse['containers'][number]>();
  /** Answers of a stored-only Events. */
  stored: Event[] = [];
  /** While false, the health service does not answer at all. */
  healthy = true;
  /** While false, an event stream's headers come with its first event, as the original daemon sends them. */
  sendsHeadersAtOnce = true;
  /** An error that CreateContainer answers with. */
  refusal: string | undefined;
  /** Called at each request, before it is answered. */
  onAsked: (method: string) => void = () => undefined;
  #tellSubscribed: () => void = () => undefined;
  /** Resolves at the first subscription to live events. */
  readonly subscribed = new Promise<void>((resolve) => (this.#tellSubscribed = resolve));
  readonly #server = new Server();
  readonly #subscribers = new Set<ServerWritableStream<EventsRequest, Event>>();

  /** Listens; the path must not exist. */
  async listen(socketPath: string): Promise<void> {
    this.#server.addService(HealthService, {
      check: (_call: unknown, answer: (error: null, response: { status: number }) => void) => {
        if (this.healthy) answer(null, { status: 1 });
      },
    });
    this.#server.addService(APIService, {
      createContainer: this.#unary<CreateContainerRequest>('createContainer', ({ id, bundlePath }) => {
        if (this.refusal !== undefined) return undefined;
        const container = { id, bundlePath, processes: [], status: 'running', labels: [], pids: [], runtime: 'runc' };
        this.containers.set(id, container);
        return { container };
      }),
      signal: this.#unary<SignalRequest>('signal', () => ({})),
      updateProcess: this.#unary<UpdateProcessRequest>('updateProcess', () => ({})),
      state: this.#unary<StateRequest>('state', ({ id }) => {
        const container = this.containers.get(id);
        return container === undefined ? undefined : { containers: [container], machine: undefined };
      }),
      events: (stream: ServerWritableStream<EventsRequest, Event>) => {
        this.#serveEvents(stream);
      },
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Sends an event to every subscriber. */
  send(event: Event): void {
    for (const stream of this.#subscribers) stream.write(event);
  }

  /** Ends all connections at once, as a killed daemon does. */
  close(): void {
    this.#server.forceShutdown();
  }

  #unary<Request extends Asked['request']>(method: string, respond: (request: Request) => object | undefined) {
    return (call: ServerUnaryCall<Request, object>, answer: (error: object | null, response?: object) => void): void => {
      this.asked.push({ method, request: call.request });
      this.onAsked(method);
      const response = respond(call.request);
      if (response === undefined) answer(refused(this.refusal ?? 'containerd: container not found'));
      else answer(null, response);
    };
  }

  #serveEvents(stream: ServerWritableStream<EventsRequest, Event>): void {
    this.asked.push({ method: 'events', request: stream.request });
    if (this.sendsHeadersAtOnce) stream.sendMetadata(stream.metadata.clone());
    if (stream.request.storedOnly) {
      for (const event of this.stored) if (event.id === stream.request.id) stream.write(event);
      stream.end();
      return;
    }
    this.#subscribers.add(stream);
    this.#tellSubscribed();
    stream.on('cancelled', () => this.#subscribers.delete(stream));
  }
}

/** The message is given once more as metadata, because grpc-js would encode its spaces, which old clients do not decode. */
function refused(details: string): object {
  const metadata = new Metadata();
  metadata.set('grpc-message', details);
  return { code: status.UNKNOWN, details, metadata };
}
