import { setTimeout as delay } from 'node:timers/promises';
import {
  type Container,
  ContainersService,
  type ExecRequest,
  type Progress,
  RestartRequest,
  StartRequest,
  StatsRequest,
  type StatsResponse,
  StopRequest,
  type WaitResponse,
} from '../../api/gen/holdfast/v1/containers';
import { DaemonService, type VersionResponse } from '../../api/gen/holdfast/v1/daemon';
import { type Event, EventsService, FollowRequest } from '../../api/gen/holdfast/v1/events';
import { type AttachRequest, type AttachResponse, LogsRequest, type LogsResponse, OutputService } from '../../api/gen/holdfast/v1/output';
import type { Address } from './address';
import { daemonError } from './daemon-error';
import { ImagesService } from '../../api/gen/holdfast/v1/images';
import { type Caller, DefinitionCalls } from './definition-calls';
import { ImageCalls } from './image-calls';
import { isCtlError } from '../errors';
import type { Call, Method } from '../grpc/call';
import { Channel, type CallOptions } from '../grpc/channel';
import { MessageStream } from './message-stream';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

/** The daemon's API (proto/holdfast/v1) with promises. Every method rejects with a CtlError. */
export class DaemonClient {
  /** Of programs that files define. */
  readonly definitions: DefinitionCalls;
  readonly images: ImageCalls;
  readonly #channel: Channel;
  readonly #address: Address;
  #closed = false;

  /** Connects at the first call. */
  constructor(address: Address) {
    this.#address = address;
    this.#channel = new Channel(address.path);
    const caller: Caller = {
      ask: (method, request) => this.#ask(method, request),
      stream: (method, request) => this.#stream(method, request),
    };
    this.definitions = new DefinitionCalls(caller);
    this.images = new ImageCalls(caller, () => {
      const call = this.#channel.duplex(ImagesService.load);
      return { call, answers: this.#answersOf(call) };
    });
  }

  version(options: CallOptions = {}): Promise<VersionResponse> {
    return this.#ask(DaemonService.version, {}, options);
  }

  /** The daemon ends, and another one takes its place. */
  async restartDaemon(): Promise<void> {
    try {
      await this.#ask(DaemonService.restart, {});
    } catch (error) {
      // Its end may be quicker than its answer.
      if (!isCtlError(error, 'unreachable')) throw error;
    }
  }

  /** All containers, those that have ended included, in the order of their names. @param isBrief without their definitions and processes */
  async containers(everywhere = false, isBrief = false): Promise<Container[]> {
    return (await this.#ask(ContainersService.list, { names: [], all_namespaces: everywhere, brief: isBrief })).containers;
  }

  /** One container; undefined where the daemon knows none of that name. */
  async container(name: string): Promise<Container | undefined> {
    try {
      const request = { names: [name], all_namespaces: false };
      return (await this.#ask(ContainersService.list, request)).containers[0];
    } catch (error) {
      if (isCtlError(error, 'no-such-process')) return undefined;
      throw error;
    }
  }

  /** Progress and results as they come. An aborted `signal` has the daemon undo what does not run yet. */
  start(request: Partial<StartRequest>, signal?: AbortSignal): MessageStream<Progress> {
    return this.#stream(ContainersService.start, { ...StartRequest.create(), ...request }, { signal });
  }

  stop(request: Partial<StopRequest>): MessageStream<Progress> {
    return this.#stream(ContainersService.stop, { ...StopRequest.create(), ...request });
  }

  restart(request: Partial<RestartRequest>): MessageStream<Progress> {
    return this.#stream(ContainersService.restart, { ...RestartRequest.create(), ...request });
  }

  async signal(name: string, process: string, signal: number): Promise<void> {
    await this.#ask(ContainersService.signal, { name, process, signal });
  }

  async pause(name: string): Promise<void> {
    await this.#ask(ContainersService.pause, { name });
  }

  async resume(name: string): Promise<void> {
    await this.#ask(ContainersService.resume, { name });
  }

  /** @param resources LinuxResources of the OCI runtime specification */
  async updateLimits(name: string, resources: object): Promise<void> {
    const json = Buffer.from(JSON.stringify(resources));
    await this.#ask(ContainersService.updateLimits, { name, resources: json });
  }

  async remove(name: string, force: boolean): Promise<void> {
    await this.#ask(ContainersService.remove, { name, force });
  }

  /** @returns the names that are forgotten */
  async prune(): Promise<readonly string[]> {
    return (await this.#ask(ContainersService.prune, {})).names;
  }

  wait(name: string, process: string, signal?: AbortSignal): Promise<WaitResponse> {
    return this.#ask(ContainersService.wait, { name, process }, { signal });
  }

  async exec(request: ExecRequest, signal?: AbortSignal): Promise<void> {
    await this.#ask(ContainersService.exec, request, { signal });
  }

  async resizeTerminal(name: string, process: string, size: { readonly width: number; readonly height: number }): Promise<void> {
    await this.#untilBack(ContainersService.resizeTerminal, { name, process, ...size });
  }

  async closeInput(name: string, process: string): Promise<void> {
    await this.#untilBack(ContainersService.closeInput, { name, process });
  }

  /** A message for all that run, each interval. */
  stats(request: Partial<StatsRequest>): MessageStream<StatsResponse> {
    return this.#stream(ContainersService.stats, { ...StatsRequest.create(), ...request });
  }

  /**
   * Subscribes; resolves when the daemon has taken the subscription. With `waitForDaemon`, a daemon
   * that is away is waited for instead of being an error.
   */
  async events(request: Partial<FollowRequest>, options: { readonly waitForDaemon?: boolean } = {}): Promise<MessageStream<Event>> {
    const stream = this.#stream(EventsService.follow, { ...FollowRequest.create(), ...request }, { waitForServer: options.waitForDaemon ?? false });
    await stream.opened;
    return stream;
  }

  /** What has happened to programs that are remembered, also before the host's start; oldest first. @param names none: all @param most the newest */
  async history(names: readonly string[], most: number): Promise<Event[]> {
    return (await this.#ask(EventsService.history, { names: [...names], most })).events;
  }

  /** Kept output. With `waitForDaemon`, a daemon that is away is waited for. */
  logs(request: Partial<LogsRequest>, options: { readonly waitForDaemon?: boolean } = {}): MessageStream<LogsResponse> {
    return this.#stream(OutputService.logs, { ...LogsRequest.create(), ...request }, { waitForServer: options.waitForDaemon ?? false });
  }

  /** What is kept of its output goes. */
  async clear(name: string): Promise<void> {
    await this.#ask(OutputService.clear, { name });
  }

  /** Joins a program; what is sent goes by `call`. With `waitForDaemon`, a daemon that is away is waited for. */
  attach(options: { readonly waitForDaemon?: boolean } = {}): { readonly call: Call<AttachRequest, AttachResponse>; readonly answers: MessageStream<AttachResponse> } {
    const call = this.#channel.duplex(OutputService.attach, { waitForServer: options.waitForDaemon ?? false });
    return { call, answers: this.#answersOf(call) };
  }

  /** No further calls; those under way fail. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#channel.close();
  }

  #stream<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): MessageStream<Response> {
    return this.#answersOf(this.#channel.stream(method, request, options));
  }

  #answersOf<Request, Response>(call: Call<Request, Response>): MessageStream<Response> {
    return new MessageStream(call, (error) => daemonError(error, this.#address.target));
  }

  /** Waits for a daemon that is away: what is asked for can be asked for again, and must not be lost. */
  async #untilBack<Request, Response>(method: Method<Request, Response>, request: Request): Promise<void> {
    for (;;) {
      try {
        await this.#ask(method, request, { waitForServer: true });
        return;
      } catch (error) {
        if (this.#closed || !isCtlError(error, 'unreachable')) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  async #ask<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): Promise<Response> {
    try {
      return await this.#channel.unary(method, request, options);
    } catch (error) {
      throw daemonError(error, this.#address.target);
    }
  }
}
