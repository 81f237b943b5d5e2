import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { LineFramer } from '../../runtime/line-framer';
import { shimCommand } from '../../runtime/shim-command';
import type { ChildReaper } from '../../sys/process/children';
import { calledAs } from '../../sys/process/process-name';
import { createSocketPair } from '../../sys/sockets/sockets';
import { type CopierReport, type CopierRequest, NO_COPY, decodeCopierReport, encodeCopierMessage } from '../copier/protocol';
import type { FileCopy } from './file-copy';
import type { ShimLog } from '../log';

/** How long a copier that dies, or that cannot be started, is not started again. */
const PAUSE_MS = 1000;

export interface CopierOptions {
  readonly reaper: ChildReaper;
  readonly log: ShimLog;
  readonly place: string;
  readonly idleMs: number;
  /** It has ended, and has nothing to do. */
  readonly onGone: () => void;
}

interface Job {
  readonly copy: FileCopy;
  readonly flushing: (() => void)[];
}

/** The shim's side of a copier, which is started anew as long as there is something to copy. */
export class CopierProcess {
  private readonly jobs = new Map<number, Job>();
  private lastId = 0;
  private socket: Socket | undefined;
  private startedMs = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private starting = false;
  private launches = 0;
  private isReady = false;
  private closed = false;

  constructor(private readonly options: CopierOptions) {}

  /** Which of those that were launched is there and hears; undefined while one is coming up, the first time or again. */
  get atWork(): number | undefined {
    return this.isReady ? this.launches : undefined;
  }

  /** How many copies it has. */
  get load(): number {
    return this.jobs.size;
  }

  submit(copy: FileCopy): void {
    clearTimeout(this.idleTimer);
    const id = ++this.lastId;
    this.jobs.set(id, { copy, flushing: [] });
    if (this.socket === undefined) void this.start();
    else this.send({ verb: 'copy', id, ...copy.ends });
  }

  flush(copy: FileCopy): Promise<void> {
    const [id, job] = this.find(copy);
    if (job === undefined) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => job.flushing.push(resolve));
    this.send({ verb: 'flush', id });
    return flushed;
  }

  /** Its descriptors stay open until the copier has let go of it: it may just be opening them by their numbers. */
  drop(copy: FileCopy): void {
    const [id, job] = this.find(copy);
    if (job === undefined) return;
    if (this.socket === undefined && !this.starting) this.over(id);
    else this.send({ verb: 'drop', id });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.idleTimer);
    this.socket?.destroy();
  }

  private find(copy: FileCopy): [number, Job | undefined] {
    for (const [id, job] of this.jobs) if (job.copy === copy) return [id, job];
    return [0, undefined];
  }

  private async start(): Promise<void> {
    if (this.starting || this.closed) return;
    this.starting = true;
    this.startedMs = performance.now();
    this.launches += 1;
    try {
      const { socket, exited } = await this.launch();
      this.listen(socket);
      void exited.then(() => this.ended(socket));
      for (const [id, { copy, flushing }] of this.jobs) {
        this.send({ verb: 'copy', id, ...copy.ends });
        if (flushing.length > 0) this.send({ verb: 'flush', id });
      }
    } catch (error) {
      this.options.log.error('starting a copier', error, this.options.place);
      this.startLater();
    } finally {
      this.starting = false;
    }
  }

  private async launch(): Promise<{ readonly socket: Socket; readonly exited: Promise<unknown> }> {
    const [ownFd, itsFd] = createSocketPair();
    const [file, ...args] = shimCommand(process.argv[1] ?? '');
    try {
      const child = await this.options.reaper.launch({
        file,
        argv0: calledAs(),
        args: [...args, '--copier', this.options.place],
        cwd: '/',
        stdin: itsFd,
        session: true,
      });
      return { socket: new Socket({ fd: ownFd, readable: true, writable: true }), exited: child.exited };
    } catch (error) {
      closeSync(ownFd);
      throw error;
    } finally {
      closeSync(itsFd);
    }
  }

  private listen(socket: Socket): void {
    const framer = new LineFramer();
    socket.on('data', (chunk) => {
      for (const line of framer.push(chunk)) this.hear(decodeCopierReport(line));
    });
    socket.on('error', () => undefined);
    this.socket = socket;
    if (this.jobs.size === 0) this.waitIdle();
  }

  private hear(report: CopierReport): void {
    const job = this.jobs.get(report.id);
    if (report.report === 'error') this.options.log.error('copying to or from a file', report.message, job?.copy.about);
    else if (report.report === 'opened' && report.id === NO_COPY) this.isReady = true;
    else if (report.report === 'opened') job?.copy.isOpened();
    else if (report.report === 'ended') this.over(report.id);
    else for (const tell of job?.flushing.splice(0) ?? []) tell();
  }

  private over(id: number): void {
    const job = this.jobs.get(id);
    this.jobs.delete(id);
    for (const tell of job?.flushing.splice(0) ?? []) tell();
    job?.copy.over();
    if (this.jobs.size === 0) this.waitIdle();
  }

  private waitIdle(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      // It ends by itself. What comes meanwhile is another's.
      this.socket?.destroy();
      this.socket = undefined;
      this.isReady = false;
    }, this.options.idleMs);
  }

  private ended(socket: Socket): void {
    socket.destroy();
    if (this.socket === socket) {
      this.socket = undefined;
      this.isReady = false;
    }
    if (this.socket !== undefined || this.starting || this.closed) return;
    if (this.jobs.size === 0) {
      clearTimeout(this.idleTimer);
      this.options.onGone();
      return;
    }
    this.options.log.error('a copier has died, and another goes on', undefined, this.options.place);
    this.startLater();
  }

  private startLater(): void {
    clearTimeout(this.idleTimer);
    const delayMs = Math.max(0, this.startedMs + PAUSE_MS - performance.now());
    this.idleTimer = setTimeout(() => void this.start(), delayMs);
  }

  private send(request: CopierRequest): void {
    this.socket?.write(encodeCopierMessage(request));
  }
}
