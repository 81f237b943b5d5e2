import { closeSync, constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { INIT } from '../../runtime/state-dir/layout';
import { type LoggerNote, writeLoggerNote } from '../../runtime/state-dir/logger-note';
import type { ShimProcess } from '../../runtime/shim-protocol';
import type { StdioTarget } from '../../runtime/state-dir/stdio-target';
import { type Child, type ChildReaper, exitStatusOf } from '../../sys/process/children';
import { createPipe, readSome } from '../../sys/files/files';
import type { Poller, Watch } from '../../sys/poller';
import { isEnding, openSamePidFd, readProcStat, signalPidFd } from '../../sys/process/process';
import { ShimError } from '../errors';
import { enlarge, OUTPUT_PIPE_BYTES, reopen } from './stdio-path';

const { SIGTERM, SIGKILL } = osConstants.signals;

/** How long a logger may take from the end of its input to its own: what it has to write may be much. */
const END_MS = 3000;
/** And after it was asked to, as the original gives it. */
const TERMINATION_MS = 12_000;

/** What sh(1) exits with where it cannot execute a program. */
const failures: Readonly<Record<number, string>> = { 126: 'permission denied', 127: 'no such file or directory' };

export interface LoggerContext {
  readonly reaper: ChildReaper;
  readonly poller: Poller;
}

/** Write ends of a logger's pipes, non-blocking; the receiver closes them. As long as somebody has one, the logger waits. */
export interface LoggerEnds {
  readonly stdoutFd: number;
  readonly stderrFd: number;
}

/**
 * A program that a client names to read a process's output (`binary://`): started before the process, with the two outputs as descriptors 3 and 4, and
 * 5 to say that it is ready. The process writes to it directly, so that whoever else is killed costs nothing; the end of its input tells it to end.
 */
export class Logger {
  private readonly gone: Promise<void>;
  /** Absent once it is gone. */
  private pidFd: number | undefined;
  private finishing: Promise<void> | undefined;

  private constructor(
    poller: Poller,
    private readonly note: LoggerNote,
  ) {
    const pidFd = openSamePidFd(note.pid, note.starttime);
    this.pidFd = pidFd;
    this.gone = new Promise((resolve) => {
      if (pidFd === undefined) return resolve();
      const watch = poller.watch(pidFd, { in: true }, () => {
        watch.close();
        closeSync(pidFd);
        this.pidFd = undefined;
        resolve();
      });
    });
  }

  /**
   * Starts it, and waits until it is ready.
   * @returns also the write ends; its end and theirs are the caller's affair
   * @throws ShimError where it cannot be executed, ends before it is ready, or `signal` aborts
   */
  static async start(
    context: LoggerContext,
    target: StdioTarget & { readonly kind: 'logger' },
    identity: ShimProcess,
    signal: AbortSignal,
  ): Promise<{ readonly logger: Logger; readonly ends: LoggerEnds }> {
    const pipes = [createPipe(), createPipe(), createPipe()] as const;
    const [stdout, stderr, ready] = pipes;
    const kept = new Set<number>();
    try {
      for (const { writeFd } of [stdout, stderr]) enlarge(writeFd, OUTPUT_PIPE_BYTES);
      const child = await launch(context.reaper, target, identity, [stdout.readFd, stderr.readFd, ready.writeFd]);
      closeSync(ready.writeFd);
      kept.add(ready.writeFd);
      const note = { pid: child.pid, starttime: readProcStat(child.pid)?.starttime ?? '' };
      const logger = new Logger(context.poller, note);
      try {
        writeLoggerNote(identity.dir, note);
        await untilReady(context.poller, ready.readFd, child, target.path, signal);
      } catch (error) {
        logger.kill();
        throw error;
      }
      const ends = { stdoutFd: stdout.writeFd, stderrFd: stderr.writeFd };
      for (const fd of Object.values(ends)) kept.add(fd);
      return { logger, ends };
    } finally {
      for (const { readFd, writeFd } of pipes) for (const fd of [readFd, writeFd]) if (!kept.has(fd)) closeSync(fd);
    }
  }

  /** One that another program has started; it may be gone. */
  static resume(poller: Poller, note: LoggerNote): Logger {
    return new Logger(poller, note);
  }

  handOver(): LoggerNote {
    return this.note;
  }

  /**
   * Its input has ended, as far as that is up to this program: resolves when it has ended, too, which it is asked to after a while, and then made to.
   * Never rejects. May be called twice.
   */
  finish(): Promise<void> {
    this.finishing ??= this.end();
    return this.finishing;
  }

  private async end(): Promise<void> {
    if (await this.isGoneWithin(END_MS)) return;
    this.signal(SIGTERM);
    if (await this.isGoneWithin(TERMINATION_MS)) return;
    this.kill();
  }

  private kill(): void {
    this.signal(SIGKILL);
  }

  private async isGoneWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => { resolve(false); }, ms);
    });
    const isGone = await Promise.race([late, this.gone.then(() => true)]);
    clearTimeout(timer);
    return isGone;
  }

  private signal(signal: number): void {
    try {
      if (this.pidFd !== undefined) signalPidFd(this.pidFd, signal);
    } catch {
      // It has ended just now (ESRCH).
    }
  }
}

/** Through a shell, whose place it takes: a program's file may lie where executing it hangs, and then it is that process that does. */
async function launch(
  reaper: ChildReaper,
  { path, args }: StdioTarget & { readonly kind: 'logger' },
  { id, processId, namespace = '' }: ShimProcess,
  fds: readonly number[],
): Promise<Child> {
  const [stdoutFd = -1, stderrFd = -1, readyFd = -1] = fds;
  const own: number[] = [];
  try {
    // Of its own open file descriptions: these block.
    for (const [fd, flags] of [[stdoutFd, constants.O_RDONLY], [stderrFd, constants.O_RDONLY], [readyFd, constants.O_WRONLY]] as const) own.push(reopen(fd, flags));
    return await reaper.launch({
      file: '/bin/sh',
      args: ['-c', 'exec "$0" "$@"', path, ...args],
      env: { ...definedOf(process.env), CONTAINER_ID: processId === INIT ? id : processId, CONTAINER_NAMESPACE: namespace },
      cwd: '/',
      more: own,
      session: true,
    });
  } finally {
    for (const fd of own) closeSync(fd);
  }
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** It is ready once it has written a byte to its end of the pipe, or has closed it. */
async function untilReady(poller: Poller, readyFd: number, child: Child, path: string, signal: AbortSignal): Promise<void> {
  let watch: Watch | undefined;
  let onAbort: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => { reject(new ShimError('aborted', 'the start was aborted')); };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      watch = poller.watch(readyFd, { in: true }, () => { resolve(); });
    });
  } finally {
    watch?.close();
    signal.removeEventListener('abort', onAbort);
  }
  if (typeof readSome(readyFd, Buffer.alloc(1)) === 'number' || !isEnding(child.pid)) return;
  const status = exitStatusOf(await child.exited);
  const context = 'failed to create init process I/O: failed to start binary process';
  if (failures[status] !== undefined) throw new ShimError('shim-error', `${context}: fork/exec ${path}: ${failures[status]}`);
  if (status !== 0) throw new ShimError('shim-error', `${context}: ${path} ended before it was ready: exit status ${status}`);
}
