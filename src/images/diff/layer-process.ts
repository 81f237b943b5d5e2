import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import PQueue from 'p-queue';
import { faultPoint } from '../../sys/fault';
import { createPipe } from '../../sys/files/files';
import type { Child, ChildReaper } from '../../sys/process/children';
import { SIGKILL } from '../../sys/process/process';
import { errorCodeOf } from '../../sys/thrown';
import { ImagesError } from '../errors';
import type { LayerAnswer, LayerRequest, ReadRequest } from './process/request';

/** Layers at once: each is a process that keeps a processor busy, and some tens of MB. */
const MOST_AT_ONCE = 4;

/**
 * What it may do of root's: give files to others, reach and make all kinds of them with all their attributes (of which `trusted.` and mounts want CAP_SYS_ADMIN). It can
 * never get more, nor its children.
 */
const RIGHTS = ['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'mknod', 'setfcap', 'sys_admin'];

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
  #isClosed = false;

  constructor(private readonly options: LayerProcessOptions) {}

  /**
   * Has a layer unpacked or made. @param dataFd the process's descriptor 3; the caller's
   * @throws ImagesError `failed` with what it says, the signal's reason
   */
  async run(request: Exclude<LayerRequest, ReadRequest>, dataFd: number, signal?: AbortSignal): Promise<LayerDone> {
    const said = await this.#queued(request, dataFd, signal);
    if (said.is !== 'done') throw new ImagesError('failed', `the process of a layer has answered ${said.is}`);
    return said;
  }

  /** Small files of what mounts show, by their paths. @throws as run does */
  async read(request: ReadRequest, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const said = await this.#queued(request, undefined, signal);
    if (said.is !== 'read') throw new ImagesError('failed', `the process of a layer has answered ${said.is}`);
    return said.files;
  }

  /** Ends what is under way. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    for (const child of this.#running) child.kill(SIGKILL);
  }

  async #queued(request: LayerRequest, dataFd: number | undefined, signal: AbortSignal | undefined): Promise<Said> {
    return await this.#queue.add(async () => {
      signal?.throwIfAborted();
      if (this.#isClosed) throw new ImagesError('failed', 'the daemon ends');
      return await this.#one(request, dataFd, signal);
    });
  }

  async #one(request: LayerRequest, dataFd: number | undefined, signal: AbortSignal | undefined): Promise<Said> {
    const { readFd, writeFd } = createPipe();
    const said = textOf(readFd);
    let child: Child;
    try {
      child = await this.options.reaper.launch({ ...commandOf(this.options.program, request), cwd: '/', stdout: writeFd, more: dataFd === undefined ? [] : [dataFd], session: true });
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
      return doneOf(await said, status.kind === 'signalled' ? `signal ${status.signal}` : `exit status ${status.code}`);
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#running.delete(child);
    }
  }
}

function commandOf(program: string, request: LayerRequest): { readonly file: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const bounding = ['-all', ...RIGHTS.map((right) => `+${right}`)].join(',');
  const faults = process.env['HOLDFAST_FAULTS'];
  return {
    file: 'setpriv',
    // Where the daemon dies it has nobody any more who wants what it does.
    args: ['--no-new-privs', '--inh-caps=-all', `--bounding-set=${bounding}`, '--pdeathsig', 'KILL', process.execPath, program, JSON.stringify(request), String(process.pid)],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(faults === undefined ? {} : { HOLDFAST_FAULTS: faults }) },
  };
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
