import { setTimeout as delay } from 'node:timers/promises';
import { credentials, Metadata, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import {
  AddProcessRequest,
  APIClient,
  CreateContainerRequest,
  EventsRequest,
  UpdateContainerRequest,
  UpdateProcessRequest,
  type AddProcessResponse,
  type Container,
  type GetServerVersionResponse,
  type StateResponse,
} from '../api/gen/api';
import type { Address } from './address';
import { daemonError } from './daemon-error';
import { isCtlError } from './errors';
import { EventStream } from './event-stream';

/** The name of a container's first process in the API. */
export const INIT = 'init';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** The daemon's API with promises. Every method rejects with a CtlError. */
export class DaemonClient {
  readonly #client: APIClient;
  readonly #address: Address;
  #closed = false;

  /** Connects at the first call. */
  constructor(address: Address) {
    this.#address = address;
    this.#client = new APIClient(address.target, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      // The state of some thousand containers is longer than the 4 MiB of the default.
      'grpc.max_receive_message_length': -1,
      // A daemon that is restarted is back within a second; the default waits longer each time, up to 2 minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  version(): Promise<GetServerVersionResponse> {
    return this.#answer((answer) => this.#client.getServerVersion({}, answer));
  }

  /** All containers, in the order of their names; pids are host pids. */
  async containers(): Promise<Container[]> {
    const { containers } = await this.#answer<StateResponse>((answer) => this.#client.state({ id: '' }, answer));
    return containers.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  /** One container; undefined where the daemon knows none of that name. */
  async container(id: string): Promise<Container | undefined> {
    try {
      const { containers } = await this.#answer<StateResponse>((answer) => this.#client.state({ id }, answer));
      // An empty id asks for all.
      return containers.find((container) => container.id === id);
    } catch (error) {
      if (isCtlError(error, 'no-such-process')) return undefined;
      throw error;
    }
  }

  /** Creates and starts; resolves when the container runs. An aborted `signal` has the daemon undo it. */
  async createContainer(request: Partial<CreateContainerRequest>, signal?: AbortSignal): Promise<void> {
    const whole = { ...CreateContainerRequest.create(), ...request };
    await this.#answer((answer) => this.#client.createContainer(whole, answer), signal);
  }

  addProcess(request: Partial<AddProcessRequest>, signal?: AbortSignal): Promise<AddProcessResponse> {
    const whole = { ...AddProcessRequest.create(), ...request };
    return this.#answer((answer) => this.#client.addProcess(whole, answer), signal);
  }

  async signal(id: string, pid: string, signal: number): Promise<void> {
    await this.#answer((answer) => this.#client.signal({ id, pid, signal }, answer));
  }

  /** Waits for a daemon that is away: what is asked for can be asked for again, and must not be lost. */
  async updateProcess(request: Partial<UpdateProcessRequest>): Promise<void> {
    const whole = { ...UpdateProcessRequest.create(), ...request };
    const metadata = new Metadata({ waitForReady: true });
    for (;;) {
      try {
        await this.#answer((answer) => this.#client.updateProcess(whole, metadata, answer));
        return;
      } catch (error) {
        if (this.#closed || !isCtlError(error, 'unreachable')) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  async updateContainer(request: Partial<UpdateContainerRequest>): Promise<void> {
    const whole = { ...UpdateContainerRequest.create(), ...request };
    await this.#answer((answer) => this.#client.updateContainer(whole, answer));
  }

  /**
   * Subscribes; resolves when the daemon has taken the subscription. With `waitForDaemon`, a daemon
   * that is away is waited for instead of being an error.
   */
  events(request: Partial<EventsRequest>, options: { readonly waitForDaemon?: boolean } = {}): Promise<EventStream> {
    const metadata = new Metadata({ waitForReady: options.waitForDaemon ?? false });
    const call = this.#client.events({ ...EventsRequest.create(), ...request }, metadata);
    return EventStream.open(call, (error) => daemonError(error, this.#address.target));
  }

  /** No further calls; those under way end with this process. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  #answer<T>(call: (answer: Answer<T>) => ClientUnaryCall, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const started = call((error, response) => {
        if (error === null) resolve(response);
        else reject(daemonError(error, this.#address.target));
      });
      signal?.addEventListener('abort', () => {
        started.cancel();
      });
    });
  }
}
