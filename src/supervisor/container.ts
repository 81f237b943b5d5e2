import { INIT } from '../runtime/layout';
import type { ContainerCgroup } from '../runtime/cgroups/cgroup';
import type { ProcessRecord } from '../runtime/process-file';
import type { ContainerRecord } from '../runtime/state-file';
import type { WatchedProcess } from '../monitor/monitor';
import type { ProcessHandle } from '../worker/process-handle';
import type { Shim, Takeover } from '../worker/shim';
import type { ProcessState } from './process-state';

/** How a process ended. */
export interface ProcessEnd {
  /** `undefined` where nobody can tell: told as 255. */
  readonly status: number | undefined;
  /** The shim has had the runtime delete the container; otherwise that is still to be done. */
  readonly deletedByShim: boolean;
}

/** A process of the table. Only the loop's handlers change it. */
export interface ProcessEntry {
  readonly id: string;
  state: ProcessState;
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
  /** SIGKILL has been sent to it. */
  killed?: boolean;
  /** Its shim died, and another is taking it over. */
  adopting?: boolean;
  /** Its shim died before its start was told: another is asked for once it is. */
  lostShim?: boolean;
}

/** A container of the table. Only the loop's handlers change it. */
export interface ContainerEntry {
  readonly id: string;
  record: ContainerRecord;
  readonly init: ProcessEntry;
  /** Exec'd processes by the client's name. */
  readonly execs: Map<string, ProcessEntry>;
  cgroup?: ContainerCgroup;
  /** Processes of it that the kernel's OOM killer has killed, as far as is known. */
  oomKills: number;
  /** Those of them that an event has told of. */
  oomKillsTold: number;
}

/** What everyone but the loop sees of a process. */
export type ProcessView = Readonly<Pick<ProcessEntry, 'id' | 'state' | 'record' | 'systemPid'>>;

/** What everyone but the loop sees of a container: a copy, true at the moment it was taken. */
export interface ContainerView {
  readonly id: string;
  readonly record: ContainerRecord;
  readonly state: ProcessState;
  readonly processes: readonly ProcessView[];
  readonly cgroup: ContainerCgroup | undefined;
}

/** A new process entry, before anything is known of it. */
export function newProcess(id: string): ProcessEntry {
  return { id, state: 'creating', systemPid: 0, startKey: '' };
}

/** A new container entry, its init process creating. */
export function newContainer(id: string, record: ContainerRecord): ContainerEntry {
  return { id, record, init: newProcess(INIT), execs: new Map(), oomKills: 0, oomKillsTold: 0 };
}

/** The process of that name, the init process included. */
export function findProcess(container: ContainerEntry, processId: string): ProcessEntry | undefined {
  return processId === INIT ? container.init : container.execs.get(processId);
}

/** All processes, init first. */
export function allProcesses(container: ContainerEntry): ProcessEntry[] {
  return [container.init, ...container.execs.values()];
}

/** Whether the process's start has been told: before, clients do not know of it. */
export function isTold(process: ProcessEntry): boolean {
  return process.state !== 'creating' && process.state !== 'created';
}

/** A copy for everyone else. */
export function viewOf(container: ContainerEntry): ContainerView {
  return {
    id: container.id,
    record: container.record,
    state: container.init.state,
    processes: allProcesses(container)
      .filter(isTold)
      .map(({ id, state, record, systemPid }) => ({ id, state, systemPid, ...(record === undefined ? {} : { record }) })),
    cgroup: container.cgroup,
  };
}
