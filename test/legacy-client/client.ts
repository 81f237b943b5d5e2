import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AddProcessRequest, APIService, CreateContainerRequest, UpdateContainerRequest } from '../../src/api/gen/legacy/api';
import type { Event, StateResponse } from '../../src/api/gen/legacy/api';
import { HealthService } from '../../src/api/gen/health';
import { lineOf } from '../support/event-log-reader';
import { Recorder } from '../support/recorder';
import { untilAccepting } from '../support/socket';
import type { Backend } from './backend';
import { ClientContainer, ClientProcess } from './container';
import { EventStream } from './event-stream';
import { HealthWatch, limitMs } from './health';
import { CallError, LegacyConnection } from './wire';

/** How a client is set up. */
export interface LegacyClientOptions {
  readonly socketPath: string;
  /** `<exec-root>/libcontainerd`: a bundle directory for each container, and the file of the last event. */
  readonly root: string;
  /** Default: the socket's path, as old dockerds send it. */
  readonly authority?: string;
  /** Docker 1.11 follows events in a way of its own; see {@link EventStream}. */
  readonly isOfTheFirstDays?: boolean;
  /** Named in every request; `docker-runc` is what dockerd names. */
  readonly runtime?: string;
  readonly runtimeArgs?: readonly string[];
  /** A daemon that this client starts, watches and kills; without it, someone else does. */
  readonly backend?: Backend;
  /** Told of each event, after it has had its effect. */
  readonly onEvent?: (event: Event) => void;
}

/** What a live restore found. */
export type Restored =
  | { readonly running: true; readonly container: ClientContainer }
  | { readonly running: false; readonly status: number };

/** Only what dockerd knows of an OCI configuration here. */
interface Spec {
  readonly process: { readonly terminal?: boolean };
}

/** A client that behaves as dockerd's libcontainerd does, step by step. */
export class LegacyClient {
  readonly connection: LegacyConnection;
  readonly containers = new Map<string, ClientContainer>();
  /** Every event that it was told, also of containers that it does not know. */
  readonly events = new Recorder<Event>((event) => `${event.id} ${lineOf(event)}`);
  readonly health: HealthWatch;
  readonly #stream: EventStream;
  /** All whose ends were ever opened: after an exit they are read on to their end. */
  readonly #opened = new Set<ClientProcess>();

  constructor(private readonly options: LegacyClientOptions) {
    mkdirSync(options.root, { recursive: true, mode: 0o700 });
    this.connection = new LegacyConnection(options.socketPath, options.authority);
    this.#stream = new EventStream(this.connection, join(options.root, 'event.ts'), (event) => {
      this.#onEvent(event);
    }, options.isOfTheFirstDays);
    this.health = new HealthWatch({
      check: () => this.checkHealth(),
      onHealthy: () => {
        this.#stream.ensure().catch(() => undefined);
      },
      onThreeFailures: async () => {
        this.connection.close();
        await options.backend?.killAndStart();
        await untilAccepting(options.socketPath);
      },
    });
  }

  /**
   * Starts the backend, where it is this client's own, and begins to watch its health and its events.
   * Resolves when the events' headers have come.
   */
  async start(): Promise<void> {
    await this.startBackend();
    this.health.start();
    await this.#stream.ensure();
  }

  /** Starts the backend, where it is this client's own and does not live yet, and waits until it accepts. */
  async startBackend(): Promise<void> {
    this.options.backend?.start();
    await untilAccepting(this.options.socketPath);
  }

  /** The client goes away; containers and daemon stay. */
  close(): void {
    this.health.close();
    this.#stream.close();
    this.connection.close();
    for (const process of this.#opened) process.closeEnds();
  }

  /** Rejects unless the daemon says SERVING within 3 s. */
  async checkHealth(): Promise<void> {
    const { status } = await this.connection.unary(HealthService.check, { service: '' }, limitMs);
    if (Number(status) !== 1) throw new CallError(HealthService.check.path, 14, `status ${String(status)}`);
  }

  /**
   * `docker run`: writes the bundle, makes the FIFOs, opens its ends, and only then asks. Where it fails,
   * nothing of it is left on this side.
   *
   * @param spec an OCI configuration of any age
   * @param keepStdin like `-i`; else stdin is closed right after the answer
   */
  async run(id: string, spec: Spec, keepStdin = false): Promise<ClientContainer> {
    const bundle = join(this.options.root, id);
    mkdirSync(bundle, { mode: 0o700 });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
    const init = this.#open(new ClientProcess('init', bundle, spec.process.terminal ?? false).makeFifos());
    const container = new ClientContainer(id, bundle, init);
    this.containers.set(id, container);
    try {
      const request = { id, bundlePath: bundle, ...init.paths, ...this.#runtime() };
      await this.connection.unary(APIService.createContainer, CreateContainerRequest.fromPartial(request));
    } catch (error) {
      this.containers.delete(id);
      init.closeEnds();
      rmSync(bundle, { recursive: true, force: true });
      throw error;
    }
    if (!keepStdin) await this.closeStdin(id);
    return container;
  }

  /** `docker exec`: the request is the whole truth; nothing is taken from the container's own spec. */
  async exec(id: string, name: string, request: Partial<AddProcessRequest>, keepStdin = false): Promise<ClientProcess> {
    const container = this.#container(id);
    const process = this.#open(new ClientProcess(name, container.bundle, request.terminal ?? false).makeFifos());
    container.processes.set(name, process);
    try {
      const whole = { cwd: '/', user: { uid: 0, gid: 0, additionalGids: [] }, ...request, id, pid: name, ...process.paths };
      await this.connection.unary(APIService.addProcess, AddProcessRequest.fromPartial(whole));
    } catch (error) {
      container.processes.delete(name);
      process.closeEnds();
      process.end(255);
      throw error;
    }
    if (!keepStdin) await this.closeStdin(id, name);
    return process;
  }

  async signal(id: string, signal: number, name = 'init'): Promise<void> {
    await this.connection.unary(APIService.signal, { id, pid: name, signal });
  }

  async resize(id: string, width: number, height: number, name = 'init'): Promise<void> {
    await this.connection.unary(APIService.updateProcess, { id, pid: name, closeStdin: false, width, height });
  }

  /**
   * Closes its own end first: as long as that is open, the process sees no end of its input. A process that is
   * over already is no error: dockerd asks at any moment after the answer, and goes on.
   */
  async closeStdin(id: string, name = 'init'): Promise<void> {
    this.containers.get(id)?.processes.get(name)?.stdin.close();
    try {
      await this.connection.unary(APIService.updateProcess, { id, pid: name, closeStdin: true, width: 0, height: 0 });
    } catch (error) {
      if (!(error instanceof CallError) || !/(container|process) not found/.test(error.details)) throw error;
    }
  }

  /** Paused is a container at the event, not at the answer. */
  pause(id: string): Promise<void> {
    return this.#changeStatus(id, 'paused', 'pause');
  }

  resume(id: string): Promise<void> {
    return this.#changeStatus(id, 'running', 'resume');
  }

  state(id = ''): Promise<StateResponse> {
    return this.connection.unary(APIService.state, { id });
  }

  /** The stored events of one container after the last one that this client saw, in any life of its own. */
  stored(id: string): Promise<readonly Event[]> {
    return this.#stream.stored(id);
  }

  /** Ids that this client believes alive after its own restart: those whose bundle directory is there. */
  believedAlive(): string[] {
    return readdirSync(this.options.root).filter((name) => existsSync(join(this.options.root, name, 'config.json')));
  }

  /**
   * Live restore of one container: State, the FIFOs opened anew, and the last of the stored events taken for
   * the truth. To be called before {@link start}, which moves the last timestamp on.
   */
  async restore(id: string): Promise<Restored> {
    const bundle = join(this.options.root, id);
    const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Spec;
    const init = new ClientProcess('init', bundle, spec.process.terminal ?? false);
    const container = new ClientContainer(id, bundle, init);
    const status = await this.#statusOf(id);
    const known = status !== undefined && status !== 'stopped';
    if (known) this.#open(init);
    const last = (await this.#stream.stored(id)).at(-1);
    if (known && !(last?.type === 'exit' && last.pid === 'init')) {
      container.paused = status === 'paused';
      this.containers.set(id, container);
      return { running: true, container };
    }
    const exitStatus = last?.type === 'exit' ? last.status : 255;
    container.end(exitStatus);
    return { running: false, status: exitStatus };
  }

  #open(process: ClientProcess): ClientProcess {
    this.#opened.add(process);
    return process.openEnds();
  }

  #container(id: string): ClientContainer {
    const container = this.containers.get(id);
    if (container === undefined) throw new Error(`${id} is not a container of this client`);
    return container;
  }

  #runtime(): { runtime: string; runtimeArgs: string[] } {
    return { runtime: this.options.runtime ?? 'docker-runc', runtimeArgs: [...(this.options.runtimeArgs ?? [])] };
  }

  async #statusOf(id: string): Promise<string | undefined> {
    try {
      return (await this.state(id)).containers[0]?.status;
    } catch (error) {
      if (error instanceof CallError && error.details.includes('container not found')) return undefined;
      throw error;
    }
  }

  async #changeStatus(id: string, status: string, type: string): Promise<void> {
    const from = this.events.position;
    await this.connection.unary(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id, pid: 'init', status }));
    await this.events.until((event) => event.id === id && event.type === type, `${type} of ${id}`, { from });
  }

  #onEvent(event: Event): void {
    const container = this.containers.get(event.id);
    if (container !== undefined) this.#apply(event, container);
    this.events.add(event);
    this.options.onEvent?.(event);
  }

  #apply(event: Event, container: ClientContainer): void {
    if (event.type === 'oom') container.oom = true;
    if (event.type === 'pause' || event.type === 'resume') container.paused = event.type === 'pause';
    if (event.type !== 'exit') return;
    if (event.pid === 'init') {
      this.containers.delete(event.id);
      container.end(event.status);
    } else {
      container.processes.get(event.pid)?.end(event.status);
      container.processes.delete(event.pid);
    }
  }
}
