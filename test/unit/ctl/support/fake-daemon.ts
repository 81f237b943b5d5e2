// A stand-in for the daemon's API, in memory. It is there because holdfastctl's answers to rare states and
// errors (a paused container, a daemon that goes away in the middle) are wanted exactly and at once;
// test/integration runs the real one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerWritableStream } from '@grpc/grpc-js';
import {
  APIService,
  Container,
  Event,
  Process,
  type AddProcessRequest,
  type APIServer,
  type CreateContainerRequest,
  type EventsRequest,
  type SignalRequest,
  type UpdateContainerRequest,
  type UpdateProcessRequest,
} from '../../../../src/api/gen/api';

/** What a handler throws to be answered with an error. */
export class Refusal extends Error {
  readonly code: status;

  constructor(details: string, code = status.UNKNOWN) {
    super(details);
    this.code = code;
  }
}

type Subscription = ServerWritableStream<EventsRequest, Event>;

export class FakeDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-ctl-test-'));
  readonly address = `unix://${join(this.directory, 'api.sock')}`;
  readonly containers = new Map<string, Container>();
  readonly stored: Event[] = [];
  readonly signals: SignalRequest[] = [];
  readonly created: CreateContainerRequest[] = [];
  readonly added: AddProcessRequest[] = [];
  readonly processUpdates: UpdateProcessRequest[] = [];
  readonly containerUpdates: UpdateContainerRequest[] = [];
  readonly subscriptions: EventsRequest[] = [];
  onCreate: (request: CreateContainerRequest) => void | Promise<void> = () => undefined;
  onAdd: (request: AddProcessRequest) => void | Promise<void> = () => undefined;
  onSignal: (request: SignalRequest) => void = () => undefined;
  onProcessUpdate: (request: UpdateProcessRequest) => void = () => undefined;
  /** The time of the last event. Starts on a fixed day: its events can be compared exactly. */
  second = 1_472_467_620n;
  readonly #live = new Set<Subscription>();
  #server = new Server();

  static async start(): Promise<FakeDaemon> {
    const daemon = new FakeDaemon();
    await daemon.listen();
    return daemon;
  }

  async listen(): Promise<void> {
    this.#server = new Server();
    this.#server.addService(APIService, this.#handlers());
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(this.address, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Goes away as a killed daemon does: without a word to anyone. */
  vanish(): void {
    this.#server.forceShutdown();
    this.#live.clear();
  }

  stop(): void {
    this.vanish();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Adds a container as State tells it. */
  add(id: string, state: string, systemPid = 0, init: Partial<Process> = {}): void {
    const processes = [Process.fromPartial({ pid: 'init', systemPid, ...init })];
    this.containers.set(id, Container.fromPartial({ id, status: state, processes }));
  }

  /** Stores an event and tells it. Each is a second later than the one before. */
  emit(event: Partial<Event>): void {
    this.second += 1n;
    const whole = Event.fromPartial({ ...event, seconds: this.second, timestamp: { seconds: this.second, nanos: 500 } });
    this.stored.push(whole);
    for (const stream of this.#live) {
      if (stream.request.id === '' || stream.request.id === whole.id) stream.write(whole);
    }
  }

  /** A process ends; with init the container is forgotten. */
  exit(id: string, exitStatus: number, pid = 'init'): void {
    if (pid === 'init') this.containers.delete(id);
    this.emit({ type: 'exit', id, pid, status: exitStatus });
  }

  #handlers(): APIServer {
    return {
      getServerVersion: (_call, answer) => answer(null, { major: 0, minor: 2, patch: 9, revision: 'abc' }),
      state: (call, answer) => {
        const { id } = call.request;
        const found = [...this.containers.values()].filter((container) => id === '' || container.id === id);
        if (id !== '' && found.length === 0) refuse(answer, new Refusal('containerd: container not found'));
        else answer(null, { containers: found, machine: undefined });
      },
      createContainer: (call, answer) => {
        this.created.push(call.request);
        respond(answer, { container: undefined }, () => this.onCreate(call.request));
      },
      addProcess: (call, answer) => {
        this.added.push(call.request);
        respond(answer, { systemPid: 77 }, () => this.onAdd(call.request));
      },
      signal: (call, answer) => {
        this.signals.push(call.request);
        respond(answer, {}, () => this.onSignal(call.request));
      },
      updateProcess: (call, answer) => {
        this.processUpdates.push(call.request);
        respond(answer, {}, () => this.onProcessUpdate(call.request));
      },
      updateContainer: (call, answer) => {
        this.containerUpdates.push(call.request);
        respond(answer, {}, () => undefined);
      },
      events: (call) => this.#subscribe(call),
      createCheckpoint: (_call, answer) => refuse(answer, new Refusal('no', status.UNIMPLEMENTED)),
      deleteCheckpoint: (_call, answer) => refuse(answer, new Refusal('no', status.UNIMPLEMENTED)),
      listCheckpoint: (_call, answer) => refuse(answer, new Refusal('no', status.UNIMPLEMENTED)),
      stats: (_call, answer) => refuse(answer, new Refusal('no', status.UNIMPLEMENTED)),
    };
  }

  #subscribe(stream: Subscription): void {
    const { timestamp, storedOnly, id } = stream.request;
    this.subscriptions.push(stream.request);
    stream.sendMetadata(stream.metadata.clone());
    if (timestamp !== undefined) {
      const after = timestamp;
      for (const event of this.stored) {
        const at = event.timestamp ?? { seconds: 0n, nanos: 0 };
        const isNewer = at.seconds > after.seconds || (at.seconds === after.seconds && at.nanos > after.nanos);
        if (isNewer && (id === '' || id === event.id)) stream.write(event);
      }
    }
    if (storedOnly) {
      stream.end();
      return;
    }
    this.#live.add(stream);
    stream.on('cancelled', () => this.#live.delete(stream));
  }
}

function refuse<T>(answer: sendUnaryData<T>, error: unknown): void {
  const code = error instanceof Refusal ? error.code : status.INTERNAL;
  answer({ code, details: error instanceof Error ? error.message : String(error) });
}

function respond<T>(answer: sendUnaryData<T>, response: T, handler: () => void | Promise<void>): void {
  const run = async (): Promise<void> => handler();
  run().then(
    () => answer(null, response),
    (error: unknown) => refuse(answer, error),
  );
}
