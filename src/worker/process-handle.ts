import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../runtime/layout';
import { isStdinClosed, makePidPrivate, readPid, readStarttime, writeStarttime } from '../runtime/process-dir';
import type { ProcessRecord } from '../runtime/process-file';
import { readSome } from '../sys/files';
import { isUnreaped, openPidFd, readProcStat } from '../sys/process';
import { isShortage } from '../sys/shortage';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** What identifies one start of a process, across restarts of this daemon and reuse of ids and pids. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of the process's stat file; empty where an older daemon has not written it. */
  readonly starttime: string;
  readonly startKey: string;
}

/** Reads the identity from the process's directory; `undefined` while it has no pid. */
export function readIdentity(dir: string): ProcessIdentity | undefined {
  const pid = readPid(dir);
  return pid === undefined ? undefined : identityOf(dir, pid, readStarttime(dir) ?? '');
}

/**
 * The identity of a process that is known. The start key has the time of process.json in it too,
 * since pid and start time count from the boot and may come again after the next one.
 */
export function identityOf(dir: string, pid: number, starttime: string): ProcessIdentity {
  return { pid, starttime, startKey: `${pid}:${starttime}:${processWrittenNs(dir)}` };
}

/** The time of process.json, which is written anew for each start; 0 where there is none. */
export function processWrittenNs(dir: string): bigint {
  return statSync(join(dir, files.process), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
}

/**
 * What an identity's start key is made of; the start time is empty for a process that had ended before it was read.
 * Undefined for another key (of an imported journal).
 */
export function parseStartKey(startKey: string): (ProcessIdentity & { readonly writtenNs: bigint }) | undefined {
  const [, pid, starttime, writtenNs] = /^(\d+):(\d*):(\d+)$/.exec(startKey) ?? [];
  if (pid === undefined || starttime === undefined || writtenNs === undefined) return undefined;
  return { pid: Number(pid), starttime, startKey, writtenNs: BigInt(writtenNs) };
}

/** Writes the start time beside the pid, closes both to others, and takes hold of the process. */
export function identify(handle: ProcessHandle, pid: number): void {
  makePidPrivate(handle.dir);
  const pidFd = openPidFdIfThere(pid);
  try {
    const stat = readProcStat(pid);
    if (stat !== undefined) writeStarttime(handle.dir, stat.starttime);
    // As long as it has not been reaped, the number that was read about is its own.
    const isSame = stat !== undefined && pidFd !== undefined && isUnreaped(pidFd);
    handle.identify(identityOf(handle.dir, pid, stat?.starttime ?? ''), isSame ? pidFd : undefined);
  } finally {
    if (pidFd !== undefined && handle.pidFd !== pidFd) closeSync(pidFd);
  }
}

/**
 * What the daemon holds of a living process: its FIFOs, a pidfd, and, so that the
 * death of the shim harms nobody, a second hold on its stdio and its terminal.
 */
export class ProcessHandle {
  /** Read end of the exit FIFO: its hang-up says that the process is over, or its shim. */
  readonly exitFd: number;
  readonly #controlFd: number;
  #keeperFds = new Map<'stdin' | 'stdout' | 'stderr', number>();
  #pidFd: number | undefined;
  #terminalFd: number | undefined;
  #identity: ProcessIdentity | undefined;
  #closed = false;

  /** Opens the FIFOs, which must be there. */
  constructor(readonly dir: string) {
    this.exitFd = openSync(join(dir, files.exit), O_RDONLY | O_NONBLOCK);
    try {
      this.#controlFd = openSync(join(dir, files.control), O_RDWR | O_NONBLOCK);
    } catch (error) {
      closeSync(this.exitFd);
      throw error;
    }
  }

  /** Absent until the process has a pid. */
  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  /** Absent before the process has a pid, and where it was gone when this was asked for. */
  get pidFd(): number | undefined {
    return this.#pidFd;
  }

  /** Whether it has let go of everything: the process is over, or its start undone. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get terminalFd(): number | undefined {
    return this.#terminalFd;
  }

  /**
   * The process is known now. Takes a pidfd; a process that is gone already has none.
   * @param pidFd one that is the process's for sure, and this handle's from now on
   * @throws SysError EMFILE and its kin
   */
  identify(identity: ProcessIdentity, pidFd?: number): void {
    this.#identity = identity;
    this.#pidFd ??= pidFd ?? openPidFdOf(identity);
  }

  /** A duplicate of the terminal's master, which this handle owns from now on. */
  holdTerminal(fd: number): void {
    if (this.#terminalFd !== undefined) closeSync(this.#terminalFd);
    this.#terminalFd = fd;
  }

  /** Holds both ends of the stdio FIFOs, except a stdin that was closed on request. */
  holdStdio(record: ProcessRecord): void {
    if (!isStdinClosed(this.dir)) this.#keep('stdin', record.stdin);
    this.#keep('stdout', record.stdout);
    if (record.spec.terminal !== true) this.#keep('stderr', record.stderr);
  }

  /**
   * Whether anybody holds the exit FIFO's write end, at a restart. A fresh reader of a
   * FIFO sees neither end nor hang-up before a first writer has come and gone
   * (fs/pipe.c, pipe_poll): so one comes and goes, and then a read tells.
   */
  isExitServed(): boolean {
    closeSync(openSync(join(this.dir, files.exit), O_WRONLY | O_NONBLOCK));
    return readSome(this.exitFd, Buffer.alloc(1)) !== 'end';
  }

  /** Tells the shim to close the process's stdin, and lets go of it here. */
  closeStdin(): void {
    this.#letGo('stdin');
    writeSync(this.#controlFd, '0 0 0\n');
  }

  /** Tells the shim the terminal's size, in characters. */
  resize(width: number, height: number): void {
    writeSync(this.#controlFd, `1 ${width} ${height}\n`);
  }

  /** Lets go of everything. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const name of [...this.#keeperFds.keys()]) this.#letGo(name);
    for (const fd of [this.exitFd, this.#controlFd, this.#pidFd, this.#terminalFd]) {
      if (fd !== undefined) closeSync(fd);
    }
    this.#pidFd = undefined;
    this.#terminalFd = undefined;
  }

  #keep(name: 'stdin' | 'stdout' | 'stderr', path: string): void {
    // A plain file or the null device needs no keeper.
    if (path === '' || !statSync(path, { throwIfNoEntry: false })?.isFIFO()) return;
    this.#letGo(name);
    this.#keeperFds.set(name, openSync(path, O_RDWR | O_NONBLOCK));
  }

  #letGo(name: 'stdin' | 'stdout' | 'stderr'): void {
    const fd = this.#keeperFds.get(name);
    this.#keeperFds.delete(name);
    if (fd !== undefined) closeSync(fd);
  }
}

/** Never another's, which has the number by now: without a start time, nobody could tell. @throws what has run out */
function openPidFdOf({ pid, starttime }: ProcessIdentity): number | undefined {
  const pidFd = starttime === '' ? undefined : openPidFdIfThere(pid);
  if (pidFd === undefined) return undefined;
  let isSame = false;
  try {
    // Of one that has been reaped in this moment /proc says nothing any more, and its pidfd may tell its status.
    isSame = (readProcStat(pid)?.starttime ?? starttime) === starttime;
    return isSame ? pidFd : undefined;
  } finally {
    if (!isSame) closeSync(pidFd);
  }
}

function openPidFdIfThere(pid: number): number | undefined {
  try {
    return openPidFd(pid);
  } catch (error) {
    // Without one for want of descriptors, it could not be signalled, nor its status be told.
    if (isShortage(error)) throw error;
    return undefined;
  }
}
