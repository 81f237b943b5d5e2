import { setTimeout as delay } from 'node:timers/promises';
import { type ClientDuplexStream, type ClientReadableStream, type ClientUnaryCall, Metadata, type ServiceError, credentials } from '@grpc/grpc-js';
import {
  type Container,
  ContainersClient,
  type ExecRequest,
  type Progress,
  RestartRequest,
  StartRequest,
  StatsRequest,
  type StatsResponse,
  StopRequest,
  type WaitResponse,
} from '../api/gen/holdfast/v1/containers';
import { DaemonClient as VersionClient, type VersionResponse } from '../api/gen/holdfast/v1/daemon';
import { type Event, EventsClient, FollowRequest } from '../api/gen/holdfast/v1/events';
import { type AttachRequest, type AttachResponse, LogsRequest, type LogsResponse, OutputClient } from '../api/gen/holdfast/v1/output';
import type { Address } from './address';
import { daemonError } from './daemon-error';
import { isCtlError } from './errors';
import { MessageStream } from './message-stream';

/** The name of a container's first process in the API. */
export const INIT = 'init';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** The daemon's API (proto/holdfast/v1) with promises. Every method rejects with a CtlError. */
export class DaemonClient {
  readonly #containers: ContainersClient;
  readonly #events: EventsClient;
  readonly #output: OutputClient;
  readonly #version: VersionClient;
  readonly #address: Address;
  #closed = false;

  /** Connects at the first call. */
  constructor(address: Address) {
    this.#address = address;
    const options = {
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      // The state of some thousand containers is longer than the 4 MiB of the default.
      'grpc.max_receive_message_length': -1,
      // A daemon that is restarted is back within a second; the default waits longer each time, up to 2 minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    };
    this.#containers = new ContainersClient(address.target, credentials.createInsecure(), options);
    const sameConnection = { ...options, channelOverride: this.#containers.getChannel() };
    this.#events = new EventsClient(address.target, credentials.createInsecure(), sameConnection);
    this.#output = new OutputClient(address.target, credentials.createInsecure(), sameConnection);
    this.#version = new VersionClient(address.target, credentials.createInsecure(), sameConnection);
  }

  version(): Promise<VersionResponse> {
    return this.#answer((answer) => this.#version.version({}, answer));
  }

  /** All containers, those that have ended included, in the order of their names. */
  async containers(everywhere = false): Promise<Container[]> {
    return (await this.#answer<{ containers: Container[] }>((answer) => this.#containers.list({ names: [], all_namespaces: everywhere }, answer))).containers;
  }

  /** One container; undefined where the daemon knows none of that name. */
  async container(name: string): Promise<Container | undefined> {
    try {
      const request = { names: [name], all_namespaces: false };
      return (await this.#answer<{ containers: Container[] }>((answer) => this.#containers.list(request, answer))).containers[0];
    } catch (error) {
      if (isCtlError(error, 'no-such-process')) return undefined;
      throw error;
    }
  }

  /** Progress and results as they come. An aborted `signal` has the daemon undo what does not run yet. */
  start(request: Partial<StartRequest>, signal?: AbortSignal): MessageStream<Progress> {
    return this.#stream(this.#containers.start({ ...StartRequest.create(), ...request }), signal);
  }

  stop(request: Partial<StopRequest>): MessageStream<Progress> {
    return this.#stream(this.#containers.stop({ ...StopRequest.create(), ...request }));
  }

  restart(request: Partial<RestartRequest>): MessageStream<Progress> {
    return this.#stream(this.#containers.restart({ ...RestartRequest.create(), ...request }));
  }

  async signal(name: string, process: string, signal: number): Promise<void> {
    await this.#answer((answer) => this.#containers.signal({ name, process, signal }, answer));
  }

  async pause(name: string): Promise<void> {
    await this.#answer((answer) => this.#containers.pause({ name }, answer));
  }

  async resume(name: string): Promise<void> {
    await this.#answer((answer) => this.#containers.resume({ name }, answer));
  }

  /** @param resources LinuxResources of the OCI runtime specification */
  async updateLimits(name: string, resources: object): Promise<void> {
    const json = Buffer.from(JSON.stringify(resources));
    await this.#answer((answer) => this.#containers.updateLimits({ name, resources: json }, answer));
  }

  async remove(name: string, force: boolean): Promise<void> {
    await this.#answer((answer) => this.#containers.remove({ name, force }, answer));
  }

  /** @returns the names that are forgotten */
  async prune(): Promise<readonly string[]> {
    return (await this.#answer<{ names: string[] }>((answer) => this.#containers.prune({}, answer))).names;
  }

  wait(name: string, process: string, signal?: AbortSignal): Promise<WaitResponse> {
    return this.#answer((answer) => this.#containers.wait({ name, process }, answer), signal);
  }

  async exec(request: ExecRequest, signal?: AbortSignal): Promise<void> {
    await this.#answer((answer) => this.#containers.exec(request, answer), signal);
  }

  async resizeTerminal(name: string, process: string, size: { readonly width: number; readonly height: number }): Promise<void> {
    await this.#untilBack((metadata, answer) => this.#containers.resizeTerminal({ name, process, ...size }, metadata, answer));
  }

  async closeInput(name: string, process: string): Promise<void> {
    await this.#untilBack((metadata, answer) => this.#containers.closeInput({ name, process }, metadata, answer));
  }

  /** A message for all that run, each interval. */
  stats(request: Partial<StatsRequest>): MessageStream<StatsResponse> {
    return this.#stream(this.#containers.stats({ ...StatsRequest.create(), ...request }));
  }

  /**
   * Subscribes; resolves when the daemon has taken the subscription. With `waitForDaemon`, a daemon
   * that is away is waited for instead of being an error.
   */
  async events(request: Partial<FollowRequest>, options: { readonly waitForDaemon?: boolean } = {}): Promise<MessageStream<Event>> {
    const metadata = new Metadata({ waitForReady: options.waitForDaemon ?? false });
    const stream = this.#stream(this.#events.follow({ ...FollowRequest.create(), ...request }, metadata));
    await stream.opened;
    return stream;
  }

  /** Kept output. With `waitForDaemon`, a daemon that is away is waited for. */
  logs(request: Partial<LogsRequest>, options: { readonly waitForDaemon?: boolean } = {}): MessageStream<LogsResponse> {
    const metadata = new Metadata({ waitForReady: options.waitForDaemon ?? false });
    return this.#stream(this.#output.logs({ ...LogsRequest.create(), ...request }, metadata));
  }

  /** Joins a program; what is sent goes by `call`. With `waitForDaemon`, a daemon that is away is waited for. */
  attach(options: { readonly waitForDaemon?: boolean } = {}): { readonly call: ClientDuplexStream<AttachRequest, AttachResponse>; readonly answers: MessageStream<AttachResponse> } {
    const call = this.#output.attach(new Metadata({ waitForReady: options.waitForDaemon ?? false }));
    return { call, answers: this.#stream<AttachResponse>(call) };
  }

  /** No further calls; those under way end with this process. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#containers.close();
  }

  #stream<T>(call: ClientReadableStream<T>, signal?: AbortSignal): MessageStream<T> {
    const stream = new MessageStream(call, (error) => daemonError(error, this.#address.target));
    signal?.addEventListener('abort', () => { call.cancel(); });
    return stream;
  }

  /** Waits for a daemon that is away: what is asked for can be asked for again, and must not be lost. */
  async #untilBack<T>(call: (metadata: Metadata, answer: Answer<T>) => ClientUnaryCall): Promise<void> {
    const metadata = new Metadata({ waitForReady: true });
    for (;;) {
      try {
        await this.#answer<T>((answer) => call(metadata, answer));
        return;
      } catch (error) {
        if (this.#closed || !isCtlError(error, 'unreachable')) throw error;
        await delay(RETRY_MS);
      }
    }
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
