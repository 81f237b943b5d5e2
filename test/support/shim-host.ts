import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';

import { LineFramer } from '../../src/runtime/line-framer';
import type { KeptOutput } from '../../src/runtime/kept-output/kept-output';
import { makeFifos, readExitStatus, readPid } from '../../src/runtime/state-dir/process-dir';
import { clearStarting, markStarting } from '../../src/runtime/state-dir/start-mark';
import { writeProcessRecord } from '../../src/runtime/state-dir/process-file';
import type { ProcessSpec } from '../../src/runtime/bundle/process-spec';
import { decodeShimAnswer, decodeShimResult } from '../../src/runtime/shim-messages';
import type { ShimAnswer, ShimArguments, ShimListing, ShimProcess, ShimResults, ShimVerb } from '../../src/runtime/shim-protocol';
import { readProcStat } from '../../src/sys/process/process';
import { ociSpec } from './bundle';
import type { BundleOptions } from './bundle';
import { binDirectory } from './daemon-process';
import { patienceMs, within } from './deadline';
import { FifoReader, FifoWriter } from './fifo';
import { TestHost } from './test-host';

export const shimProgram = resolve(binDirectory, 'holdfast-shim');
const runc = '/usr/sbin/runc';

/** A request that the shim has refused. */
export class ShimRefusal extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
    this.name = 'ShimRefusal';
  }
}

/** A daemon's connection to a shim. */
export class ShimClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: ShimAnswer) => void>();
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  #seq = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((done) => {
      socket.once('close', () => {
        done();
      });
    });
    socket.on('error', () => undefined);
    const framer = new LineFramer();
    socket.on('data', (chunk) => {
      for (const line of framer.push(chunk)) {
        const answer = decodeShimAnswer(line);
        this.#waiting.get(answer.seq)?.(answer);
        this.#waiting.delete(answer.seq);
      }
    });
  }

  static async connect(path: string): Promise<ShimClient> {
    const socket = connect(path);
    await new Promise<void>((done, failed) => {
      socket.once('connect', done);
      socket.once('error', failed);
    });
    return new ShimClient(socket);
  }

  /** Rejects with a ShimRefusal where the shim answers with an error. */
  async request<V extends ShimVerb>(verb: V, args: ShimArguments[V]): Promise<ShimResults[V]> {
    const seq = ++this.#seq;
    const answer = await within(this.raw(seq, JSON.stringify({ seq, verb, ...args })), `the answer to ${verb}`);
    if ('error' in answer) throw new ShimRefusal(answer.error.code, answer.error.message);
    return decodeShimResult(verb, answer.ok);
  }

  /** Sends a line as it is; resolves with the answer that bears the number. */
  raw(seq: number, line: string): Promise<ShimAnswer> {
    const answer = new Promise<ShimAnswer>((done) => {
      this.#waiting.set(seq, done);
    });
    this.write(`${line}\n`);
    return answer;
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A running `holdfast-shim --serve`, a child of the test. */
export class ShimServerProcess {
  readonly pid: number;
  /** Resolves with its exit status or signal. */
  readonly exited: Promise<number | NodeJS.Signals | null>;

  private constructor(private readonly child: ChildProcess, readonly socketPath: string) {
    this.pid = child.pid ?? -1;
    this.exited = new Promise((done) => {
      child.once('exit', (code, signal) => {
        done(code ?? signal);
      });
    });
  }

  /** Starts it and waits until it says that it listens. */
  static async start(stateDir: string, name: string, env: Readonly<Record<string, string>> = {}): Promise<ShimServerProcess> {
    const child = spawn(shimProgram, ['--serve', stateDir, '--name', name], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, ...env },
    });
    const server = new ShimServerProcess(child, join(stateDir, `holdfast-shim-${name}.sock`));
    const ready = new Promise<string>((done) => {
      child.stdout.once('data', (chunk: Buffer) => {
        done(chunk.toString());
      });
      child.stdout.once('end', () => {
        done('');
      });
    });
    const word = await within(ready, 'the shim to listen');
    if (word !== 'ready\n') throw new Error(`the shim said ${JSON.stringify(word)}`);
    return server;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

export interface PreparedOptions extends BundleOptions {
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly output?: KeptOutput;
  /** As of a task that is kept. */
  readonly namespace?: string;
  readonly runtime?: string;
}

/** A process's directory as a daemon prepares it, and the daemon's view of the exit. */
export class PreparedProcess {
  exit: FifoReader;
  readonly #control: FifoWriter;

  constructor(readonly identity: ShimProcess) {
    this.exit = new FifoReader(join(identity.dir, 'exit'));
    this.#control = new FifoWriter(join(identity.dir, 'control'));
  }

  /** Whether there was an exit, or a start that was taken back before the runtime was through. */
  get wasTold(): boolean {
    return existsSync(join(this.dir, 'exitStatus')) || !existsSync(join(this.dir, 'pid'));
  }

  get dir(): string {
    return this.identity.dir;
  }

  get pid(): number {
    const pid = readPid(this.dir);
    if (pid === undefined) throw new Error(`${this.dir} has no pid`);
    return pid;
  }

  /** Resolves with the recorded status once the exit FIFO has hung up. */
  async untilExit(deadlineMs = patienceMs): Promise<number | undefined> {
    await this.exit.untilEnd(deadlineMs);
    return readExitStatus(this.dir);
  }

  /** A daemon that watches anew, before an adoption. */
  watchAnew(): void {
    this.exit.close();
    this.exit = new FifoReader(join(this.dir, 'exit'));
  }

  /** As a daemon writes to the control FIFO. */
  control(line: string): Promise<void> {
    return this.#control.write(line);
  }

  /** What it is adopted with. */
  adoption(terminal?: ShimArguments['adopt']['terminal']): ShimArguments['adopt'] {
    const { pid } = this;
    const starttime = readProcStat(pid)?.starttime ?? '0';
    return { ...this.identity, pid, starttime, ...(terminal === undefined ? {} : { terminal }) };
  }

  shimLog(): string {
    return readFileSync(join(this.dir, 'shim-log.json'), 'utf8');
  }

  /** May be called twice. */
  close(): void {
    this.exit.close();
    this.#control.close();
  }

  /** A daemon that has heard of the exit, or that gives up a start. */
  remove(): void {
    this.close();
    rmSync(this.dir, { recursive: true, force: true });
    if (this.identity.processId === 'init') rmSync(dirname(this.dir), { recursive: true, force: true });
  }
}

/** One test's shims, with the test itself in the daemon's place. */
export class ShimHost {
  readonly test = new TestHost();
  readonly #prepared = new Set<PreparedProcess>();
  readonly #clients = new Set<ShimClient>();
  readonly #servers: ShimServerProcess[] = [];
  #server: ShimServerProcess | undefined;
  #client: ShimClient | undefined;

  /** A host whose test starts shims itself. */
  static withoutShim(): ShimHost {
    const host = new ShimHost();
    mkdirSync(host.test.stateDir);
    return host;
  }

  /** A host with a shim that serves, and a connection to it. */
  static async start(env?: Readonly<Record<string, string>>): Promise<ShimHost> {
    const host = ShimHost.withoutShim();
    await host.startShim(env);
    return host;
  }

  /** Another shim, which `client` and `server` are from now on. */
  async startShim(env?: Readonly<Record<string, string>>): Promise<void> {
    this.#server = await ShimServerProcess.start(this.test.stateDir, `test-${String(this.#servers.length)}`, env);
    this.#servers.push(this.#server);
    this.#client = await this.connect();
    await this.#client.request('hello', { protocol: 1, version: 'test' });
  }

  get server(): ShimServerProcess {
    if (this.#server === undefined) throw new Error('no shim was started');
    return this.#server;
  }

  get client(): ShimClient {
    if (this.#client === undefined) throw new Error('no shim was started');
    return this.#client;
  }

  async connect(): Promise<ShimClient> {
    const client = await ShimClient.connect(this.server.socketPath);
    this.#clients.add(client);
    return client;
  }

  /** A container's init, ready to be taken. */
  init(id: string, options: PreparedOptions): PreparedProcess {
    const bundle = this.test.bundle(id, options);
    const spec = ociSpec(options).process;
    return this.prepare({ id, processId: 'init', bundle, ownPidNamespace: options.pidNamespace ?? true }, spec, options);
  }

  /** Another process of a container. */
  exec(init: PreparedProcess, processId: string, options: PreparedOptions): PreparedProcess {
    const { id, bundle, ownPidNamespace } = init.identity;
    return this.prepare({ id, processId, bundle, ownPidNamespace }, ociSpec(options).process, options);
  }

  take(prepared: PreparedProcess): Promise<ShimResults['take']> {
    return this.client.request('take', prepared.identity);
  }

  /** Takes a container's init and starts it. */
  async run(id: string, options: PreparedOptions): Promise<PreparedProcess> {
    const prepared = this.init(id, options);
    markStarting(prepared.dir);
    await this.take(prepared);
    await this.test.runtime('start', id);
    clearStarting(prepared.dir);
    return prepared;
  }

  async listed(): Promise<readonly ShimListing[]> {
    return (await this.client.request('list', {})).processes;
  }

  /** SIGKILLs the shim. */
  async killShim(): Promise<void> {
    this.server.kill('SIGKILL');
    await this.server.exited;
    rmSync(this.server.socketPath, { force: true });
  }

  /** The shims must end by themselves once their daemons have left, and nothing may be left. */
  async cleanUp(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const prepared of this.#prepared) prepared.close();
    // One that stays is found as a leftover.
    await Promise.allSettled(this.#servers.map((server) => within(server.exited, 'the shim to end by itself')));
    // As a daemon would; what was never told of is left to be found.
    for (const prepared of this.#prepared) if (prepared.wasTold) prepared.remove();
    await this.test.cleanUp();
  }

  private prepare(identity: Omit<ShimProcess, 'dir' | 'runtime'>, spec: ProcessSpec, options: PreparedOptions): PreparedProcess {
    const dir = join(this.test.stateDir, identity.id, identity.processId);
    mkdirSync(dir, { recursive: true });
    writeProcessRecord(dir, {
      spec,
      exec: identity.processId !== 'init',
      stdin: options.stdin ?? '',
      stdout: options.stdout ?? '',
      stderr: options.stderr ?? '',
      runtimeArgs: ['--root', this.test.runtimeRoot],
      noPivotRoot: false,
      checkpoint: '',
      rootUid: 0,
      rootGid: 0,
      ...(options.output === undefined ? {} : { output: options.output }),
    });
    makeFifos(dir);
    const prepared = new PreparedProcess({ ...identity, ...(options.namespace === undefined ? {} : { namespace: options.namespace }), dir, runtime: options.runtime ?? runc });
    this.#prepared.add(prepared);
    return prepared;
  }
}
