import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import PQueue from 'p-queue';
import { faultPoint } from '../../sys/fault';
import { createPipe } from '../../sys/files/files';
import type { Child, ChildReaper, WaitStatus } from '../../sys/process/children';
import { SIGKILL } from '../../sys/process/process';
import { errorCodeOf } from '../../sys/thrown';
import { ImagesError } from '../errors';
import { LayerWorker } from './layer-worker';
import type { ApplyRequest, CompareRequest, LayerAnswer, ReadRequest } from './process/request';

/** How long a process that has unpacked a layer waits for another one. Milliseconds. */
const IDLE_MS = 2000;
/** Layers at once: each is a process that keeps a processor busy, and some tens of MB. */
const MOST_AT_ONCE = 4;

/**
 * What it may do of root's: give files to others, reach and make all kinds of them with all their attributes (of which `trusted.` and mounts want CAP_SYS_ADMIN). It can
 * never get more, nor its children.
 */
const RIGHTS = ['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'mknod', 'setfcap', 'sys_admin'];

/** By itself V8 lets each process have 32 MB of young garbage, and as much again of what buffers hold. */
const smallYoungSpace = ['--max-semi-space-size=2'];

export interface LayerProcessOptions {
  /** Path of the `holdfast-layers` program. */
  readonly program: string;
  readonly reaper: ChildReaper;
}

/** What a layer's process has done. */
export type LayerDone = Extract<LayerAnswer, { readonly is: 'done' }>;
type Said = Exclude<LayerAnswer, { readonly is: 'failed' }>;

/** Processes for layers: one each, and so many at once. The daemon itself touches nothing of an image. */
export class LayerProcesses {
  readonly #queue = new PQueue({ concurrency: MOST_AT_ONCE });
  readonly #running = new Set<Child>();
  readonly #workers = new Set<LayerWorker>();
  #idle: { readonly worker: LayerWorker; readonly timer: NodeJS.Timeout } | undefined;
  #isClosed = false;

  constructor(private readonly options: LayerProcessOptions) {}

  /** Has a layer unpacked. @throws ImagesError `failed` with what its process says, the signal's reason */
  apply(request: ApplyRequest, signal?: AbortSignal): Promise<LayerDone> {
    return this.#queued(async () => isDone(await this.#applied(request, signal)), signal);
  }

  /** Has a layer made. @param dataFd where it goes, the process's descriptor 3; the caller's @throws as apply does */
  compare(request: CompareRequest, dataFd: number, signal?: AbortSignal): Promise<LayerDone> {
    return this.#queued(async () => isDone(await this.#one(request, dataFd, signal)), signal);
  }

  /** Small files of what mounts show, by their paths. @throws as apply does */
  async read(request: ReadRequest, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const said = await this.#queued(() => this.#one(request, undefined, signal), signal);
    if (said.is !== 'read') throw new ImagesError('failed', `the process of a layer has answered ${said.is}`);
    return said.files;
  }

  /** Ends what is under way. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    this.#leaveIdle();
    for (const worker of this.#workers) worker.end();
    for (const child of this.#running) child.kill(SIGKILL);
  }

  async #queued<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return await this.#queue.add(async () => {
      signal?.throwIfAborted();
      if (this.#isClosed) throw new ImagesError('failed', 'the daemon ends');
      return await work();
    });
  }

  async #applied(request: ApplyRequest, signal: AbortSignal | undefined): Promise<Said> {
    const worker = this.#takeIdle() ?? (await LayerWorker.start(this.options.reaper, commandOf(this.options.program, '-')));
    const kill = (): void => { worker.end(); };
    this.#workers.add(worker);
    signal?.addEventListener('abort', kill, { once: true });
    try {
      faultPoint('daemon.layer.launched');
      // It may have been closed, or given up, while that was started.
      if (this.#isClosed || signal?.aborted === true) kill();
      const said = await worker.ask(request);
      faultPoint('daemon.layer.done');
      signal?.throwIfAborted();
      return typeof said === 'string' ? doneOf(said, '') : doneOf('', endOf(said));
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#workers.delete(worker);
      this.#putIdle(worker);
    }
  }

  #takeIdle(): LayerWorker | undefined {
    const worker = this.#idle?.worker;
    clearTimeout(this.#idle?.timer);
    this.#idle = undefined;
    if (worker?.isSpent !== true) return worker;
    // It has died while it waited.
    worker.end();
    return undefined;
  }

  /** One is kept for a while: an image has some ten layers, one upon the other. */
  #putIdle(worker: LayerWorker): void {
    if (worker.isSpent || this.#isClosed || this.#idle !== undefined) {
      worker.end();
      return;
    }
    // Nothing tells that no other layer is going to come.
    const timer = setTimeout(() => { this.#leaveIdle(); }, IDLE_MS);
    timer.unref();
    this.#idle = { worker, timer };
  }

  #leaveIdle(): void {
    this.#takeIdle()?.end();
  }

  async #one(request: CompareRequest | ReadRequest, dataFd: number | undefined, signal: AbortSignal | undefined): Promise<Said> {
    const { readFd, writeFd } = createPipe();
    const said = textOf(readFd);
    let child: Child;
    try {
      child = await this.options.reaper.launch({ ...commandOf(this.options.program, JSON.stringify(request)), cwd: '/', stdout: writeFd, more: dataFd === undefined ? [] : [dataFd], session: true });
    } catch (cause) {
      throw new ImagesError('failed', `cannot start the process of a layer: ${(cause as Error).message}`, { cause });
    } finally {
      closeSync(writeFd);
    }
    const kill = (): void => { child.kill(SIGKILL); };
    this.#running.add(child);
    faultPoint('daemon.layer.launched');
    signal?.addEventListener('abort', kill, { once: true });
    try {
      const status = await child.exited;
      faultPoint('daemon.layer.done');
      signal?.throwIfAborted();
      return doneOf(await said, endOf(status));
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#running.delete(child);
    }
  }
}

function commandOf(program: string, request: string): { readonly file: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const bounding = ['-all', ...RIGHTS.map((right) => `+${right}`)].join(',');
  const faults = process.env['HOLDFAST_FAULTS'];
  return {
    file: 'setpriv',
    // Where the daemon dies it has nobody any more who wants what it does.
    args: ['--no-new-privs', '--inh-caps=-all', `--bounding-set=${bounding}`, '--pdeathsig', 'KILL', process.execPath, ...smallYoungSpace, program, request, String(process.pid)],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(faults === undefined ? {} : { HOLDFAST_FAULTS: faults }) },
  };
}

function endOf(status: WaitStatus): string {
  return status.kind === 'signalled' ? `signal ${status.signal}` : `exit status ${status.code}`;
}

/** @throws ImagesError `failed` */
function isDone(said: Said): LayerDone {
  if (said.is !== 'done') throw new ImagesError('failed', `the process of a layer has answered ${said.is}`);
  return said;
}

function doneOf(text: string, end: string): Said {
  let answer: LayerAnswer;
  try {
    answer = JSON.parse(text) as LayerAnswer;
  } catch (cause) {
    throw new ImagesError('failed', `the process of a layer ended without an answer (${end})`, { cause });
  }
  if (answer.is === 'failed') throw new ImagesError('failed', answer.message);
  return answer;
}

/** All that comes out of a pipe, whose descriptor is closed then. */
async function textOf(fd: number): Promise<string> {
  const pieces: Buffer[] = [];
  const socket = new Socket({ fd, readable: true, writable: false });
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error;
  }
  return Buffer.concat(pieces).toString();
}
