import { INIT } from '../runtime/state-dir/layout';
import { type ContainerKey, isLegacy } from '../runtime/state-dir/container-key';
import type { ContainerCgroup } from '../runtime/cgroups/cgroup';
import type { ProcessRecord } from '../runtime/state-dir/process-file';
import type { ContainerRecord } from '../runtime/state-dir/state-file';
import { UNKNOWN_STATUS } from '../sys/process/wait-status';
import type { SeenEnd, WatchedProcess } from '../monitor/monitor';
import type { ProcessHandle } from '../worker/process-handle';
import type { Shim, Takeover } from '../worker/shims/shim';
import type { ProcessState } from './process-state';

/** How a process ended; a status that nobody can tell is told as 255. */
export type ProcessEnd = SeenEnd;

/** A process of the table. Only the loop's handlers change it. */
export interface ProcessEntry {
  readonly id: string;
  state: ProcessState;
  /** Clients know of it: of one whose start goes in one piece, once it runs; of any other, once it is created (or registered). */
  isTold: boolean;
  /** Absent while a start is under way that has not come that far. */
  record?: ProcessRecord;
  takeover?: Takeover;
  handle?: ProcessHandle;
  shim?: Shim;
  watched?: WatchedProcess;
  systemPid: number;
  startKey: string;
  /** Its end, seen or still to be told. */
  end?: ProcessEnd;
  /** Its end is in the log, and told. */
  isEndTold?: boolean;
  /** SIGKILL has been sent to it. */
  killed?: boolean;
  /** Its shim died, and another is taking it over. */
  adopting?: boolean;
  /** Its shim died before its start was told: another is asked for once it is. */
  lostShim?: boolean;
  /** A client has asked, before it ran, that its stdin be closed; done once it runs. */
  closesStdin?: boolean;
  /** The runtime's `start` of it is under way. */
  starting?: boolean;
  /** Its deletion is under way. */
  deleting?: boolean;
  /** Its start has failed, and there will be no other. */
  startFailed?: boolean;
  /** Who waits for its end. */
  readonly waiters: Set<(end: ToldEnd | undefined) => void>;
}

/** How a process ended, as clients are told. */
export interface ToldEnd {
  /** 0 to 255. */
  readonly status: number;
  /** Nanoseconds since 1970. */
  readonly exitedAtNs: bigint;
}

/** A container of the table. Only the loop's handlers change it. */
export interface ContainerEntry {
  /** Its key: namespace and id (src/runtime/state-dir/container-key.ts). */
  readonly id: ContainerKey;
  /** Its ended processes stay until they are deleted; otherwise they go with their end. */
  readonly isKept: boolean;
  record: ContainerRecord;
  readonly init: ProcessEntry;
  /** Exec'd processes by the client's name. */
  readonly execs: Map<string, ProcessEntry>;
  cgroup?: ContainerCgroup;
  /** Processes of it that the kernel's OOM killer has killed, as far as is known. */
  oomKills: number;
  /** How many of these were no kill: it hung, as nobody may be killed. */
  oomStalls: number;
  /** Those of them that an event has told of. */
  oomKillsTold: number;
}

/** What everyone but the loop sees of a process. */
export type ProcessView = Readonly<Pick<ProcessEntry, 'id' | 'state' | 'record' | 'systemPid'>> & {
  /** As in /proc/<pid>/stat; undefined where it is not known. */
  readonly starttime?: string;
  /** Of a process that is over, and kept. */
  readonly end?: ToldEnd;
};

/** What everyone but the loop sees of a container: a copy, true at the moment it was taken. */
export interface ContainerView {
  /** Its key: namespace and id. */
  readonly id: ContainerKey;
  readonly record: ContainerRecord;
  readonly state: ProcessState;
  readonly processes: readonly ProcessView[];
  readonly cgroup: ContainerCgroup | undefined;
}

/** A new process entry, before anything is known of it. */
export function newProcess(id: string, state: 'creating' | 'registered' = 'creating'): ProcessEntry {
  return { id, state, isTold: false, systemPid: 0, startKey: '', waiters: new Set() };
}

/** A new container entry, its init process creating. */
export function newContainer(id: ContainerKey, record: ContainerRecord): ContainerEntry {
  return { id, isKept: !isLegacy(id), record, init: newProcess(INIT), execs: new Map(), oomKills: 0, oomStalls: 0, oomKillsTold: 0 };
}

/** The process of that name, the init process included. */
export function findProcess(container: ContainerEntry, processId: string): ProcessEntry | undefined {
  return processId === INIT ? container.init : container.execs.get(processId);
}

/** All processes, init first. */
export function allProcesses(container: ContainerEntry): ProcessEntry[] {
  return [container.init, ...container.execs.values()];
}

/** How the process ended, as clients are told; undefined as long as it has not. */
export function toldEnd({ state, end }: ProcessEntry): ToldEnd | undefined {
  return state !== 'stopped' || end === undefined ? undefined : { status: end.status ?? UNKNOWN_STATUS, exitedAtNs: end.exitedAtNs };
}

/** A copy for everyone else. */
export function viewOf(container: ContainerEntry): ContainerView {
  return {
    id: container.id,
    record: container.record,
    state: container.init.state,
    processes: allProcesses(container)
      .filter((process) => process.isTold)
      .map(viewOfProcess),
    cgroup: container.cgroup,
  };
}

function viewOfProcess(process: ProcessEntry): ProcessView {
  const { id, state, record, systemPid, watched } = process;
  const end = toldEnd(process);
  const starttime = watched === undefined || watched.starttime === '' ? undefined : watched.starttime;
  return { id, state, systemPid, ...(starttime === undefined ? {} : { starttime }), ...(record === undefined ? {} : { record }), ...(end === undefined ? {} : { end }) };
}
