import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type HeldStdio, closeHeld } from './shims/shim';
import type { ForeignFiles } from '../runtime/foreign/foreign-files';
import { betweenPaths, type StreamName } from '../runtime/state-dir/between';
import { files } from '../runtime/state-dir/layout';
import { type StdioTarget, stdioTargets } from '../runtime/state-dir/stdio-target';
import type { LastWords } from './last-words';
import { type ProcessIdentity, identityOf } from './process-identity';
import { isStdinClosed, makePidPrivate, writeStarttime } from '../runtime/state-dir/process-dir';
import type { ProcessRecord } from '../runtime/state-dir/process-file';
import { closeAside, openAside } from '../sys/files/aside';
import { accessModeOf, readSome } from '../sys/files/files';
import { isUnreaped, openPidFdIfThere, readProcStat } from '../sys/process/process';
import { isShortage } from '../sys/shortage';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** Writes the start time beside the pid, closes both to others, and takes hold of the process. */
export function identify(handle: ProcessHandle, pid: number): void {
  makePidPrivate(handle.dir);
  const pidFd = openPidFdIfAny(pid);
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
  readonly #keeperFds = new Map<StreamName, number>();
  /** Those of the keepers that are of FIFOs between the process and a plain file. */
  readonly #betweens = new Set<number>();
  /** What is to be held, once it is open. */
  #wanted = new Set<StreamName>();
  #pidFd: number | undefined;
  #terminalFd: number | undefined;
  #pipeFds: NonNullable<HeldStdio['pipeFds']> = {};
  /** The FIFOs that the shim has given, until they are to be held; undefined: they are to be opened by their paths. */
  #givenFds: Map<StreamName, number> | undefined;
  /** Its FIFOs are to be held. */
  #hasBegun = false;
  #isInputClosed = false;
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

  /** What a shim that adopts the process needs of it. */
  get held(): HeldStdio {
    return { terminalFd: this.#terminalFd, pipeFds: this.#pipeFds, fifoFds: Object.fromEntries(this.#keeperFds) };
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

  /** What the shim has of it, which this handle owns from now on. */
  hold(given: HeldStdio): void {
    if (this.#closed) {
      closeHeld(given);
      return;
    }
    const { terminalFd, pipeFds, fifoFds } = given;
    closeHeld({ terminalFd: terminalFd === undefined ? undefined : this.#terminalFd, pipeFds: pipeFds === undefined ? undefined : this.#pipeFds });
    this.#terminalFd = terminalFd ?? this.#terminalFd;
    this.#pipeFds = pipeFds ?? this.#pipeFds;
    if (fifoFds === undefined) return;
    this.#closeGiven();
    this.#givenFds = new Map(Object.entries(fifoFds) as [StreamName, number][]);
    if (this.#hasBegun) this.#takeAllGiven();
  }

  /** Whether a client has closed its stdin, and the shim may still be passing on what is in the FIFO. */
  get holdsClosedInput(): boolean {
    return !this.#closed && this.#isInputClosed && this.#pipeFds.stdin !== undefined;
  }

  /** Its stdin has come to its end. */
  letGoOfInput(): void {
    const { stdin, ...rest } = this.#pipeFds;
    this.#pipeFds = rest;
    this.#wanted.delete('stdin');
    if (stdin !== undefined) void closeAside(stdin);
    this.#letGo('stdin');
  }

  /**
   * Holds both ends of the stdio FIFOs, as the shim has given them, or else opened anew; of a stdin that was closed on request nothing, or the read end while the shim may still have to pass on
   * what is in it. What has been let go of meanwhile is not held.
   * Rejects as ForeignFiles.openStdio does.
   */
  async holdStdio(record: ProcessRecord, foreign: ForeignFiles, signal?: AbortSignal): Promise<void> {
    const streams: StreamName[] = ['stdout'];
    this.#isInputClosed ||= isStdinClosed(this.dir);
    if (!this.#isInputClosed || this.holdsClosedInput) streams.unshift('stdin');
    if (record.spec.terminal !== true) streams.push('stderr');
    this.#wanted = new Set(streams);
    const targets = stdioTargets(record, record.spec.terminal === true);
    this.#hasBegun = true;
    if (this.#givenFds === undefined) for (const name of streams) await this.#keep(name, targets[name], foreign, signal);
    else this.#takeAllGiven();
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
    this.#isInputClosed = true;
    const keeperFd = this.#keeperFds.get('stdin');
    if (this.#pipeFds.stdin === undefined) this.letGoOfInput();
    else if (keeperFd !== undefined) {
      this.#keeperFds.delete('stdin');
      this.#wanted.add('stdin');
      this.#holdInput(keeperFd);
    }
    writeSync(this.#controlFd, '0 0 0\n');
  }

  /** Tells the shim the terminal's size, in characters. */
  resize(width: number, height: number): void {
    writeSync(this.#controlFd, `1 ${width} ${height}\n`);
  }

  /** The process is over: as close(), but what nobody has read of its output is kept. */
  closeAtEnd(lastWords: LastWords): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const fd = this.#keeperFds.get(name);
      // What goes to a plain file its copier has.
      if (fd === undefined || this.#betweens.has(fd)) continue;
      this.#keeperFds.delete(name);
      lastWords.keep(fd);
    }
    this.close();
  }

  /** Lets go of everything. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wanted.clear();
    for (const name of [...this.#keeperFds.keys()]) this.#letGo(name);
    this.#closeGiven();
    for (const fd of [this.exitFd, this.#controlFd, this.#pidFd]) if (fd !== undefined) closeSync(fd);
    closeHeld({ terminalFd: this.#terminalFd, pipeFds: this.#pipeFds });
    this.#pidFd = undefined;
    this.#terminalFd = undefined;
    this.#pipeFds = {};
  }

  async #keep(name: StreamName, target: StdioTarget, foreign: ForeignFiles, signal: AbortSignal | undefined): Promise<void> {
    if (target.kind === 'null' || target.kind === 'logger' || target.kind === 'held' || this.#closed) return;
    const { fifo } = betweenPaths(this.dir, name);
    if (existsSync(fifo)) {
      // Of stdin the copier alone holds the write end, whose closing is the end of the input.
      if (name !== 'stdin') this.#holdBetween(name, await openAside(fifo, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
      return;
    }
    const opened = await foreign.openStdio({ path: target.path, direction: name === 'stdin' ? 'input' : 'output', ifAbsent: 'null', end: 'none' }, signal);
    // A plain file or the null device needs no keeper.
    if (opened.kind === 'file') closeSync(opened.fileFd);
    else if (opened.kind === 'fifo') this.#holdClient(name, opened.keeperFd);
  }

  /** What is wanted, and not held yet. Of an input that is not, not even a descriptor may be left: its end would not be seen. */
  #takeAllGiven(): void {
    for (const [name, fd] of this.#givenFds ?? []) {
      if (name !== 'stdin' && existsSync(betweenPaths(this.dir, name).fifo)) this.#holdBetween(name, fd);
      else this.#holdClient(name, fd);
    }
    this.#givenFds = new Map();
  }

  #closeGiven(): void {
    for (const fd of this.#givenFds?.values() ?? []) void closeAside(fd);
    this.#givenFds = undefined;
  }

  /** A read end of what stands between the process and a plain file: as long as somebody has one, the process may write. */
  #holdBetween(name: StreamName, fd: number): void {
    if (this.#hold(name, fd)) this.#betweens.add(fd);
  }

  #holdClient(name: StreamName, fd: number): void {
    if (name === 'stdin' && this.#isInputClosed) this.#holdInput(fd);
    else this.#hold(name, fd);
  }

  /** Of an input that was closed the read end alone, as its end is to be seen. @param keeperFd is closed, or held */
  #holdInput(keeperFd: number): void {
    if (!this.#wanted.has('stdin') || accessModeOf(keeperFd) === 'read') {
      this.#hold('stdin', keeperFd);
      return;
    }
    openAside(`/proc/self/fd/${keeperFd}`, O_RDONLY | O_NONBLOCK).then(
      (fd) => { this.#hold('stdin', fd); },
      () => { this.#wanted.delete('stdin'); },
    ).finally(() => { void closeAside(keeperFd); });
  }

  /** @returns whether it is held: what has been let go of meanwhile is closed */
  #hold(name: StreamName, fd: number): boolean {
    if (!this.#wanted.delete(name)) {
      void closeAside(fd);
      return false;
    }
    this.#letGo(name);
    this.#keeperFds.set(name, fd);
    return true;
  }

  #letGo(name: StreamName): void {
    const fd = this.#keeperFds.get(name);
    this.#keeperFds.delete(name);
    if (fd === undefined) return;
    this.#betweens.delete(fd);
    void closeAside(fd);
  }
}

/** Never another's, which has the number by now: without a start time, nobody could tell. @throws what has run out */
function openPidFdOf({ pid, starttime }: ProcessIdentity): number | undefined {
  const pidFd = starttime === '' ? undefined : openPidFdIfAny(pid);
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

function openPidFdIfAny(pid: number): number | undefined {
  try {
    return openPidFdIfThere(pid);
  } catch (error) {
    // Without one for want of descriptors, it could not be signalled, nor its status be told.
    if (isShortage(error)) throw error;
    return undefined;
  }
}
