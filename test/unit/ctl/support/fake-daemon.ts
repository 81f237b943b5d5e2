// A stand-in for the daemon's API, in memory. It is there because holdfastctl's answers to rare states and
// errors (a paused container, a daemon that goes away in the middle) are wanted exactly and at once;
// test/integration runs the real one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerWritableStream } from '@grpc/grpc-js';
import {
  Container,
  ContainersService,
  Outcome,
  Process,
  Progress,
  State,
  type CloseInputRequest,
  type ContainersServer,
  type ExecRequest,
  type RemoveRequest,
  type ResizeTerminalRequest,
  type RestartRequest,
  type SignalRequest,
  type StartRequest,
  type StopRequest,
} from '../../../../src/api/gen/holdfast/v1/containers';
import { DaemonService } from '../../../../src/api/gen/holdfast/v1/daemon';
import { Event, EventsService, type FollowRequest } from '../../../../src/api/gen/holdfast/v1/events';

/** What a handler throws to be answered with an error. */
export class Refusal extends Error {
  readonly code: status;

  constructor(details: string, code = status.UNKNOWN) {
    super(details);
    this.code = code;
  }
}

type Subscription = ServerWritableStream<FollowRequest, Event>;

/** What becomes of a name in Start, Stop or Restart. */
export type Became = Outcome | { readonly outcome: Outcome; readonly detail: string };

export class FakeDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-ctl-test-'));
  readonly address = `unix://${join(this.directory, 'api.sock')}`;
  readonly containers = new Map<string, Container>();
  readonly stored: Event[] = [];
  readonly signals: SignalRequest[] = [];
  readonly started: StartRequest[] = [];
  readonly stopped: StopRequest[] = [];
  readonly restarted: RestartRequest[] = [];
  readonly executed: ExecRequest[] = [];
  readonly removed: RemoveRequest[] = [];
  readonly processUpdates: (ResizeTerminalRequest | CloseInputRequest)[] = [];
  readonly subscriptions: FollowRequest[] = [];
  onStart: (request: StartRequest, name: string) => Became | Promise<Became> = () => Outcome.STARTED;
  onStop: (request: StopRequest, name: string) => Became | Promise<Became> = () => Outcome.STOPPED_NOW;
  onExec: (request: ExecRequest) => void | Promise<void> = () => undefined;
  onSignal: (request: SignalRequest) => void = () => undefined;
  onProcessUpdate: (request: ResizeTerminalRequest | CloseInputRequest) => void = () => undefined;
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
    this.#server.addService(ContainersService, this.#containersService());
    this.#server.addService(DaemonService, {
      version: (_call: unknown, answer: sendUnaryData<object>) => {
        answer(null, { version: '0.1.0-fake', pid: 1, started_at: { seconds: 1_472_467_620n, nanos: 0 }, calls: [] });
      },
    });
    this.#server.addService(EventsService, { follow: (call: Subscription) => { this.#subscribe(call); } });
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

  /** Adds a container as List tells it: a program that runs, for an hour, unless `more` says otherwise. */
  add(name: string, state = State.RUNNING, more: Partial<Container> = {}): Container {
    const isUp = state === State.RUNNING;
    const container = Container.fromPartial({
      name,
      namespace: 'programs',
      id: name,
      state,
      pid: isUp ? 53 : 0,
      started_at: isUp ? { seconds: BigInt(Math.floor(Date.now() / 1000) - 3600), nanos: 0 } : undefined,
      definition: { bundle: `/bundles/${name}` },
      processes: isUp ? [Process.fromPartial({ id: 'init', pid: 53 })] : [],
      ...more,
    });
    this.containers.set(name, container);
    return container;
  }

  /** Stores an event and tells it. Each is a second later than the one before. */
  emit(event: Partial<Event>): void {
    this.second += 1n;
    const whole = Event.fromPartial({
      namespace: 'programs',
      container: event.name ?? '',
      ...event,
      id: BigInt(this.stored.length + 1),
      time: { seconds: this.second, nanos: 500 },
    });
    this.stored.push(whole);
    for (const stream of this.#live) if (isWanted(stream.request, whole)) stream.write(whole);
  }

  /** A process ends. */
  exit(name: string, exitStatus: number, process = 'init'): void {
    if (process === 'init') this.add(name, State.EXITED, { last_end: { ...noEnd, ended_at: { seconds: this.second + 1n, nanos: 500 }, exit_status: exitStatus } });
    this.emit({ type: 'exit', name, process, exit_status: exitStatus });
  }

  #containersService(): ContainersServer {
    const unimplemented = (_call: unknown, answer: sendUnaryData<never>): void => { refuse(answer, new Refusal('no', status.UNIMPLEMENTED)); };
    return {
      list: (call, answer) => {
        const { names } = call.request;
        const found = [...this.containers.values()].filter(({ name }) => names.length === 0 || names.includes(name));
        if (names.length > 0 && found.length === 0) refuse(answer, new Refusal('no such process', status.NOT_FOUND));
        else answer(null, { containers: found.sort((a, b) => (a.name < b.name ? -1 : 1)) });
      },
      start: (stream) => {
        this.started.push(stream.request);
        void tellAll(stream, (name) => this.onStart(stream.request, name));
      },
      stop: (stream) => {
        this.stopped.push(stream.request);
        void tellAll(stream, (name) => this.onStop(stream.request, name));
      },
      restart: (stream) => {
        this.restarted.push(stream.request);
        void tellAll(stream, () => Outcome.STARTED);
      },
      exec: (call, answer) => {
        this.executed.push(call.request);
        respond(answer, { pid: 77 }, () => this.onExec(call.request));
      },
      signal: (call, answer) => {
        this.signals.push(call.request);
        respond(answer, {}, () => { this.onSignal(call.request); });
      },
      resizeTerminal: (call, answer) => { this.#update(call.request, answer); },
      closeInput: (call, answer) => { this.#update(call.request, answer); },
      remove: (call, answer) => {
        this.removed.push(call.request);
        const isUp = this.containers.get(call.request.name)?.state === State.RUNNING;
        if (isUp && !call.request.force) refuse(answer, new Refusal('it runs', status.ABORTED));
        else answer(null, {});
      },
      wait: (call, answer) => { answer(null, { end: this.containers.get(call.request.name)?.last_end }); },
      pause: (_call, answer) => { answer(null, {}); },
      resume: (_call, answer) => { answer(null, {}); },
      updateLimits: unimplemented,
      prune: unimplemented,
      stats: (stream) => { stream.end(); },
    };
  }

  #update(request: ResizeTerminalRequest | CloseInputRequest, answer: sendUnaryData<object>): void {
    this.processUpdates.push(request);
    respond(answer, {}, () => { this.onProcessUpdate(request); });
  }

  #subscribe(stream: Subscription): void {
    const { since, after_id: afterId, stored_only: storedOnly } = stream.request;
    this.subscriptions.push(stream.request);
    stream.sendMetadata(stream.metadata.clone());
    if (since !== undefined || afterId !== undefined || storedOnly) {
      for (const event of this.stored) {
        const isNewer = event.id > (afterId ?? 0n) && (event.time?.seconds ?? 0n) >= (since?.seconds ?? 0n);
        if (isNewer && isWanted(stream.request, event)) stream.write(event);
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

export const noEnd = { ended_at: undefined, exit_status: 0, out_of_memory: false, unknown: false, reason: '', ran_ns: 0n };

function isWanted({ name }: FollowRequest, event: Event): boolean {
  return name === '' || name === event.name || name === `${event.namespace}/${event.container}`;
}

async function tellAll(stream: ServerWritableStream<{ readonly names: string[] }, Progress>, become: (name: string) => Became | Promise<Became>): Promise<void> {
  try {
    await Promise.all(stream.request.names.map(async (name) => {
      const became = await become(name);
      const result = typeof became === 'number' ? { outcome: became, detail: '' } : became;
      stream.write(Progress.fromPartial({ name, result }));
    }));
    stream.end();
  } catch (error) {
    const code = error instanceof Refusal ? error.code : status.INTERNAL;
    stream.emit('error', { code, details: error instanceof Error ? error.message : String(error) });
  }
}

function refuse<T>(answer: sendUnaryData<T>, error: unknown): void {
  const code = error instanceof Refusal ? error.code : status.INTERNAL;
  answer({ code, details: error instanceof Error ? error.message : String(error) });
}

function respond<T>(answer: sendUnaryData<T>, response: T, handler: () => void | Promise<void>): void {
  const run = async (): Promise<void> => handler();
  run().then(
    () => { answer(null, response); },
    (error: unknown) => { refuse(answer, error); },
  );
}
