import { credentials, Metadata } from '@grpc/grpc-js';
import type { CallOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';

import {
  AddProcessRequest,
  APIClient,
  CreateCheckpointRequest,
  CreateContainerRequest,
  EventsRequest,
  UpdateContainerRequest,
  UpdateProcessRequest,
} from '../../src/api/gen/legacy/api';
import type {
  AddProcessResponse,
  CreateContainerResponse,
  Event,
  GetServerVersionResponse,
  ListCheckpointResponse,
  StateResponse,
  StatsResponse,
} from '../../src/api/gen/legacy/api';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../../src/api/gen/health';
import type { HealthCheckResponse } from '../../src/api/gen/health';

/** How a single call may end before its answer. */
export interface CallLimits {
  /** Milliseconds, after which the call fails with DEADLINE_EXCEEDED. Default 30,000: no test hangs. */
  readonly deadlineMs?: number;
  /** Aborting it cancels the call on the wire, as a client does that goes away. */
  readonly signal?: AbortSignal;
}

type Answer<T> = (error: ServiceError | null, response: T) => void;
type Send<T> = (metadata: Metadata, options: Partial<CallOptions>, answer: Answer<T>) => ClientUnaryCall;

/** One client of the daemon, a connection of its own. Calls reject with grpc-js' `ServiceError` (`code`, `details`). */
export class ApiClient {
  readonly #api: APIClient;
  readonly #health: HealthClient;

  /** @param socketPath the daemon's unix socket; it need not be there yet */
  constructor(readonly socketPath: string) {
    const options = {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
      // Not the pool that all clients of a process share: a test may want a connection closed.
      'grpc.use_local_subchannel_pool': 1,
    };
    this.#api = new APIClient(`unix:${socketPath}`, credentials.createInsecure(), options);
    this.#health = new HealthClient(`unix:${socketPath}`, credentials.createInsecure(), { channelOverride: this.#api.getChannel() });
  }

  /** Whether the health service says SERVING. */
  async isServing(limits?: CallLimits): Promise<boolean> {
    const answer = await call<HealthCheckResponse>((m, o, done) => this.#health.check({ service: '' }, m, o, done), limits);
    return answer.status === HealthCheckResponse_ServingStatus.SERVING;
  }

  version(limits?: CallLimits): Promise<GetServerVersionResponse> {
    return call((m, o, done) => this.#api.getServerVersion({}, m, o, done), limits);
  }

  create(request: Partial<CreateContainerRequest>, limits?: CallLimits): Promise<CreateContainerResponse> {
    return call((m, o, done) => this.#api.createContainer(CreateContainerRequest.fromPartial(request), m, o, done), limits);
  }

  addProcess(request: Partial<AddProcessRequest>, limits?: CallLimits): Promise<AddProcessResponse> {
    return call((m, o, done) => this.#api.addProcess(AddProcessRequest.fromPartial(request), m, o, done), limits);
  }

  /** @param processId the client's name for the process; `init` is the container's first */
  async signal(id: string, signal: number, processId = 'init', limits?: CallLimits): Promise<void> {
    await call((m, o, done) => this.#api.signal({ id, pid: processId, signal }, m, o, done), limits);
  }

  async updateProcess(request: Partial<UpdateProcessRequest>, limits?: CallLimits): Promise<void> {
    await call((m, o, done) => this.#api.updateProcess(UpdateProcessRequest.fromPartial(request), m, o, done), limits);
  }

  async updateContainer(request: Partial<UpdateContainerRequest>, limits?: CallLimits): Promise<void> {
    await call((m, o, done) => this.#api.updateContainer(UpdateContainerRequest.fromPartial(request), m, o, done), limits);
  }

  /** @param id absent: all containers */
  state(id = '', limits?: CallLimits): Promise<StateResponse> {
    return call((m, o, done) => this.#api.state({ id }, m, o, done), limits);
  }

  stats(id: string, limits?: CallLimits): Promise<StatsResponse> {
    return call((m, o, done) => this.#api.stats({ id }, m, o, done), limits);
  }

  async createCheckpoint(request: Partial<CreateCheckpointRequest>, limits?: CallLimits): Promise<void> {
    await call((m, o, done) => this.#api.createCheckpoint(CreateCheckpointRequest.fromPartial(request), m, o, done), limits);
  }

  async deleteCheckpoint(id: string, name: string, checkpointDir: string, limits?: CallLimits): Promise<void> {
    await call((m, o, done) => this.#api.deleteCheckpoint({ id, name, checkpointDir }, m, o, done), limits);
  }

  listCheckpoints(id: string, checkpointDir: string, limits?: CallLimits): Promise<ListCheckpointResponse> {
    return call((m, o, done) => this.#api.listCheckpoint({ id, checkpointDir }, m, o, done), limits);
  }

  /** The bare stream, without a deadline; EventLogReader is easier. The caller listens for `error` and cancels it. */
  events(request: Partial<EventsRequest> = {}): ClientReadableStream<Event> {
    return this.#api.events(EventsRequest.fromPartial(request));
  }

  close(): void {
    this.#api.close();
  }
}

function call<T>(send: Send<T>, limits: CallLimits = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + (limits.deadlineMs ?? 30_000) };
    const abort = (): void => {
      sent.cancel();
    };
    const sent = send(new Metadata(), options, (error, response) => {
      limits.signal?.removeEventListener('abort', abort);
      if (error === null) resolve(response);
      else reject(error);
    });
    limits.signal?.addEventListener('abort', abort, { once: true });
    if (limits.signal?.aborted === true) abort();
  });
}
