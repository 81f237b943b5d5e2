import type { OomSource } from '../runtime/cgroups/oom-source';
import { INIT } from '../runtime/state-dir/layout';
import { exitStatusWrittenNs, isDeleted, readExitStatus, readOomKillsAtEnd } from '../runtime/state-dir/process-dir';
import { UNKNOWN_STATUS, type WaitStatus, exitStatusOf } from '../sys/process/wait-status';
import type { Poller, Watch } from '../sys/poller';
import { isRunning } from '../sys/process/process';
import { isShortage } from '../sys/shortage';
import { statusOfOther } from '../sys/process/others-status';

/** A process whose exit FIFO is watched. The descriptors stay the caller's. */
export interface WatchedProcess {
  readonly id: string;
  readonly processId: string;
  readonly dir: string;
  /** Read end of the exit FIFO. */
  readonly exitFd: number;
  readonly pidFd: number | undefined;
  readonly pid: number;
  readonly starttime: string;
}

/**
 * The kernel announces an OOM on cgroup v1 before it counts the kill, and wakes
 * nobody for the count: it is looked at again after this long, while it is unsettled.
 */
const unsettledMs = 5;
/** How soon an end is looked at again for which there were no descriptors; nothing tells when there are. */
const shortageMs = 100;

/** How a process ended. */
export interface SeenEnd {
  /** Exact, or `undefined` where nobody can tell any more. */
  readonly status: number | undefined;
  /** Nanoseconds since 1970: when the status was put on disk, or else this moment. */
  readonly exitedAtNs: bigint;
  readonly deletedByShim: boolean;
  /** Its exit FIFO hung up: its shim is done with it, or gone. Absent: it may still be passing output on. */
  readonly isLetGo?: boolean;
}

/** What the monitor says; each becomes a task. */
export interface MonitorReports {
  /** The process is over. */
  exit(process: WatchedProcess, end: SeenEnd): void;
  /** The exit FIFO hung up while the process runs: its shim is gone. */
  shimGone(process: WatchedProcess): void;
  /** The container was out of memory: `kills` times in all since its start, `stalls` of them with nobody to be killed. */
  oom(id: string, kills: number, stalls: number): void;
}

/**
 * Watches exit FIFOs and OOM notifications on one epoll instance, and turns their
 * wake-ups into reports. It blocks no thread and changes nothing itself.
 */
export class Monitor {
  readonly #exits = new Map<WatchedProcess, Watch>();
  /** Processes that are to be looked at again. */
  readonly #later = new Map<WatchedProcess, NodeJS.Timeout>();
  readonly #ooms = new Map<string, { readonly source: OomSource; readonly watch: Watch }>();

  constructor(
    private readonly poller: Poller,
    private readonly reports: MonitorReports,
    /** How a process ended that came to be this daemon's child with the death of its shim, and has been reaped. */
    private readonly orphanStatus: (pid: number) => WaitStatus | undefined,
  ) {}

  /** Descriptors that are watched. */
  get size(): number {
    return this.#exits.size + this.#ooms.size;
  }

  /** Reports the end of `process`, once; a FIFO that has hung up already reports at the next turn. */
  watchExit(process: WatchedProcess): void {
    // No interest beyond the hang-up, which epoll always reports; it is level-triggered,
    // so nothing is missed between the open and this call.
    const watch = this.poller.watch(process.exitFd, {}, () => { this.#look(process, true); });
    this.#exits.set(process, watch);
  }

  /** Looks at `process` as if its FIFO had hung up: for a restart, where the hang-up was before. */
  reportNow(process: WatchedProcess): void {
    this.#look(process, false);
  }

  /** Forgets `process`; its descriptors may be closed after. May be called twice. */
  unwatchExit(process: WatchedProcess): void {
    this.#exits.get(process)?.close();
    this.#exits.delete(process);
    clearTimeout(this.#later.get(process));
    this.#later.delete(process);
  }

  /** Reports OOM kills of the container, and owns `source` from now on. */
  watchOom(id: string, source: OomSource): void {
    this.unwatchOom(id);
    const watch = this.poller.watch(source.fd, { [source.interest]: true }, () => { this.#reportOom(id, source); });
    this.#ooms.set(id, { source, watch });
  }

  /** Lets go of the container's OOM source. May be called twice. */
  unwatchOom(id: string): void {
    const oom = this.#ooms.get(id);
    if (oom === undefined) return;
    this.#ooms.delete(id);
    oom.watch.close();
    oom.source.close();
  }

  /** Lets go of everything. */
  close(): void {
    for (const process of [...this.#exits.keys(), ...this.#later.keys()]) this.unwatchExit(process);
    for (const id of [...this.#ooms.keys()]) this.unwatchOom(id);
  }

  #look(process: WatchedProcess, isLetGo: boolean): void {
    this.unwatchExit(process);
    try {
      this.#report(process, isLetGo);
    } catch (error) {
      if (!isShortage(error)) throw error;
      // What cannot be read now would be told wrong, as 255, or not at all.
      this.#later.set(process, this.#after(shortageMs, () => { this.#look(process, isLetGo); }));
    }
  }

  #report(process: WatchedProcess, isLetGo: boolean): void {
    // The kernel counts an OOM kill before the process ends, but the two wake-ups may
    // come in either order: an OOM that led to the end is told first.
    const kills = this.#killsOf(process);
    if (kills > 0) this.reports.oom(process.id, kills, this.#ooms.get(process.id)?.source.stalls ?? 0);
    const status = this.#statusOf(process);
    if (status !== undefined) this.reports.exit(process, { status, exitedAtNs: exitedAtNs(process.dir), deletedByShim: isDeleted(process.dir), isLetGo });
    else if (isRunning(process.pid, process.starttime === '' ? undefined : process.starttime)) this.reports.shimGone(process);
    else this.reports.exit(process, { status: this.#statusFromKernel(process), exitedAtNs: nowNs(), deletedByShim: false, isLetGo });
  }

  /** A shim that came after the end may have put the unknown status on disk; the kernel's, where it tells, is exact. */
  #statusOf(process: WatchedProcess): number | undefined {
    const status = onDisk(() => readExitStatus(process.dir));
    return status === UNKNOWN_STATUS ? (this.#statusFromKernel(process) ?? status) : status;
  }

  #statusFromKernel(process: WatchedProcess): number | undefined {
    const told = statusOfOther(process, this.orphanStatus);
    return told === undefined ? undefined : exitStatusOf(told);
  }

  /** All OOM kills so far. At the container's end the cgroup may be gone already: then its shim has counted them. */
  #killsOf({ id, processId, dir }: WatchedProcess): number {
    const source = this.#ooms.get(id)?.source;
    source?.consume();
    const seen = source?.kills ?? 0;
    if (processId !== INIT) return seen;
    const counted = onDisk(() => readOomKillsAtEnd(dir));
    return counted === undefined ? seen + (source?.presumed ?? 0) : Math.max(seen, counted + (source?.stalls ?? 0));
  }

  #reportOom(id: string, source: OomSource): void {
    if (source.consume() > 0) this.reports.oom(id, source.kills, source.stalls);
    if (!source.unsettled) return;
    this.#after(unsettledMs, () => {
      if (this.#ooms.get(id)?.source === source) this.#reportOom(id, source);
    }).unref();
  }

  /** What fails then is said as what fails at a wake-up is: it must not end the daemon. */
  #after(ms: number, act: () => void): NodeJS.Timeout {
    return setTimeout(() => {
      try {
        act();
      } catch (error) {
        this.poller.onError(error);
      }
    }, ms);
  }
}

/** A damaged file says as little as a missing one; of one that cannot be opened for want of descriptors nothing is known. */
function onDisk(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
}

/** As long as the file is there, every look gives the same time. */
function exitedAtNs(dir: string): bigint {
  return exitStatusWrittenNs(dir) ?? nowNs();
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
