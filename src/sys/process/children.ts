import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors';
import { lastErrno, libc } from '../native';
import type { Poller, Watch } from '../poller';
import { exitInfoOf, killPid, openPidFd, signalPidFd, unlessGone } from './process';
import { spawnProgram, spawnProgramAside, type SpawnOptions } from './spawn';
import { UNKNOWN_STATUS, decodeWaitStatus, type WaitStatus } from './wait-status';

export type { SpawnOptions } from './spawn';
export { decodeWaitStatus, exitStatusOf, type WaitStatus } from './wait-status';

/** A program that a ChildReaper has started. */
export interface Child {
  readonly pid: number;
  /** Settles when the process has been reaped. Never rejects; never settles after the reaper's `close()`. */
  readonly exited: Promise<WaitStatus>;
  /** Sends a signal. Nothing happens if the process has ended. */
  kill(signal: number): void;
}

/** A child whose end somebody waits for. */
interface Awaited {
  readonly pidFd: number;
  readonly watch: Watch;
  readonly tell: (status: WaitStatus) => void;
}

interface Ended {
  readonly pid: number;
  readonly status: WaitStatus;
}

const WNOHANG = 1;
const ANY_CHILD = -1;

const UNKNOWN_END: WaitStatus = { kind: 'exited', code: UNKNOWN_STATUS };

/** How many statuses of unknown children are kept for a `watchChild` that comes after the end. */
const REMEMBERED_ORPHANS = 1024;

/**
 * Starts programs and reaps every child of this process, also those that it got as a subreaper.
 *
 * It waits for any child, so nothing else in the process may start or wait for children
 * (`node:child_process` would never hear of the end of its own). One per process.
 * A child's end is seen through its pidfd, an unknown child's through SIGCHLD.
 */
export class ChildReaper {
  /** Called for each child that ended and was neither spawned here nor watched. */
  onOrphan: (pid: number, status: WaitStatus) => void = () => undefined;
  readonly #poller: Poller;
  readonly #awaited = new Map<number, Awaited>();
  readonly #orphans = new Map<number, WaitStatus>();
  readonly #reap = (): void => this.#reapAll();
  #closed = false;
  #launching = 0;

  constructor(poller: Poller) {
    this.#poller = poller;
    process.on('SIGCHLD', this.#reap);
  }

  /** Starts a program. @throws SysError ENOENT, EACCES, EMFILE and others of posix_spawn(3); nothing runs then */
  spawn(options: SpawnOptions): Child {
    this.#checkUse();
    const pid = spawnProgram(options);
    this.#orphans.delete(pid);
    return this.#childOf(pid);
  }

  /**
   * The same without holding this thread up until the program's exec: for what is started often, and
   * among much that wants a processor. Rejects as `spawn` throws.
   */
  async launch(options: SpawnOptions): Promise<Child> {
    this.#checkUse();
    this.#launching += 1;
    const pid = await spawnProgramAside(options).finally(() => { this.#launching -= 1; });
    if (this.#closed) return { pid, exited: new Promise(() => undefined), kill: () => undefined };
    const status = this.#statusOfGone(pid);
    if (status === undefined) return this.#childOf(pid);
    return { pid, exited: Promise.resolve(status), kill: () => undefined };
  }

  /** How many programs are being started on threads of the pool at this moment. */
  get launching(): number {
    return this.#launching;
  }

  /**
   * Tells how a child ends that this process had when it ran another program (execve(2)); it may have ended already. To be called for all of
   * them before anything is waited for: what ends and is not known here is reaped too.
   * @throws SysError as watchChild
   */
  watchInherited(pid: number, onExit: (status: WaitStatus) => void): void {
    this.#checkUse(pid);
    this.#await(pid, onExit);
  }

  /**
   * Tells how a child ended that was not spawned here: one that this process is, or is about to
   * become, the parent of as a subreaper. If it has ended already, `onExit` is called in a later turn.
   * Where another parent reaps it after all, the status is what the kernel tells of it, else exit code 255.
   * @throws SysError ESRCH if there is no such process and no such child has ended lately; EEXIST if it is
   * waited for already
   */
  watchChild(pid: number, onExit: (status: WaitStatus) => void): void {
    this.#checkUse(pid);
    this.#reapAll();
    const status = this.#statusOfGone(pid);
    if (status === undefined) this.#await(pid, onExit);
    else setImmediate(() => this.#guarded(() => onExit(status)));
  }

  /**
   * How a child ended that nobody waited for, if it was one of the last thousand. A number may stand for an earlier process:
   * who is told that one lives calls `forgetOrphan` first.
   */
  orphanStatus(pid: number): WaitStatus | undefined {
    return this.#orphans.get(pid);
  }

  /** The process of this number lives: what is remembered of it is another's. */
  forgetOrphan(pid: number): void {
    this.#orphans.delete(pid);
  }

  /** Stops reaping. Children run on, and what they were to be told of is not told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off('SIGCHLD', this.#reap);
    for (const entry of this.#awaited.values()) release(entry);
    this.#awaited.clear();
    this.#orphans.clear();
  }

  #checkUse(pid?: number): void {
    if (this.#closed) throw new SysError(constants.errno.ECANCELED, 'waitpid');
    if (pid !== undefined && this.#awaited.has(pid)) throw new SysError(constants.errno.EEXIST, 'waitpid');
  }

  /** How a child ended that was reaped before it was known here. */
  #statusOfGone(pid: number): WaitStatus | undefined {
    const status = this.#orphans.get(pid);
    if (status === undefined) return undefined;
    this.#orphans.delete(pid);
    // Where there is a process of that number, the status remembered is an earlier one's.
    return processExists(pid) ? undefined : status;
  }

  #childOf(pid: number): Child {
    let tell: (status: WaitStatus) => void = () => undefined;
    const exited = new Promise<WaitStatus>((resolve) => {
      tell = resolve;
    });
    const entry = this.#awaitNew(pid, tell);
    const kill = (signal: number): void => {
      if (this.#awaited.get(pid) === entry) unlessGone(() => signalPidFd(entry.pidFd, signal));
    };
    return { pid, exited, kill };
  }

  #awaitNew(pid: number, tell: (status: WaitStatus) => void): Awaited {
    try {
      return this.#await(pid, tell);
    } catch (error) {
      // Out of descriptors: a child that could not be watched is not left running. It ends as an orphan.
      killPid(pid);
      throw error;
    }
  }

  #await(pid: number, tell: (status: WaitStatus) => void): Awaited {
    const pidFd = openPidFd(pid);
    try {
      // By edge: a pidfd stays readable, for a child of somebody else's until that parent has reaped it.
      const watch = this.#poller.watch(pidFd, { in: true, edge: true }, ({ hup }) => {
        this.#reapAll();
        if (hup) this.#reapedElsewhere(pid);
      });
      const entry = { pidFd, watch, tell };
      this.#awaited.set(pid, entry);
      return entry;
    } catch (error) {
      closeSync(pidFd);
      throw error;
    }
  }

  // All are booked before the first is told: what is told may ask for, or spawn, another one.
  #reapAll(): void {
    const tellings = waitForEnded().map(({ pid, status }) => {
      const entry = this.#awaited.get(pid);
      this.#awaited.delete(pid);
      if (entry !== undefined) return () => tellAndRelease(entry, status);
      this.#remember(pid, status);
      return () => this.onOrphan(pid, status);
    });
    for (const tell of tellings) this.#guarded(tell);
  }

  // Its parent was another one to the end.
  #reapedElsewhere(pid: number): void {
    const entry = this.#awaited.get(pid);
    if (entry === undefined) return;
    this.#awaited.delete(pid);
    tellAndRelease(entry, exitInfoOf(entry.pidFd) ?? UNKNOWN_END);
  }

  #remember(pid: number, status: WaitStatus): void {
    this.#orphans.delete(pid); // The newest last, also of the same number.
    this.#orphans.set(pid, status);
    for (const oldest of this.#orphans.keys()) {
      if (this.#orphans.size <= REMEMBERED_ORPHANS) break;
      this.#orphans.delete(oldest);
    }
  }

  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#poller.onError(error);
    }
  }
}

function waitForEnded(): Ended[] {
  const raw = Buffer.alloc(4);
  const ended: Ended[] = [];
  for (;;) {
    const pid = libc.waitpid(ANY_CHILD, raw, WNOHANG);
    if (pid > 0) ended.push({ pid, status: decodeWaitStatus(raw.readInt32LE()) });
    // 0: children, but none has ended. ECHILD: no children.
    else if (pid === 0 || lastErrno() !== constants.errno.EINTR) return ended;
  }
}

function tellAndRelease(entry: Awaited, status: WaitStatus): void {
  release(entry);
  entry.tell(status);
}

function release(entry: Awaited): void {
  entry.watch.close();
  closeSync(entry.pidFd);
}

function processExists(pid: number): boolean {
  return libc.kill(pid, 0) === 0 || lastErrno() !== constants.errno.ESRCH;
}
