import type { ContainerCgroup } from '../../runtime/cgroups/cgroup';
import type { OomSource } from '../../runtime/cgroups/oom-source';
import type { ContainerKey } from '../../runtime/state-dir/container-key';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import type { ContainerRecord } from '../../runtime/state-dir/state-file';
import type { EndWork } from '../../worker/finish-end';
import type { ProcessHandle } from '../../worker/process-handle';
import type { OurShim } from '../../worker/shims/our-shim';
import type { Takeover } from '../../worker/shims/shim';
import type { UntoldEnd } from '../events/event';

/** A process that a restart has found on disk, its start told before. */
export interface RecoveredProcess {
  readonly id: string;
  readonly record: ProcessRecord;
  readonly takeover: Takeover;
  /** Its identity is known; its end may have come meanwhile. */
  readonly handle: ProcessHandle;
  /** The shim that has it; absent where it wants another, or where another program's shim serves it. */
  readonly shim: OurShim | undefined;
  /** Somebody holds the other end of the exit FIFO, so its hang-up will tell the end. */
  readonly isServed: boolean;
  /** Neither its shim nor itself is there any more. */
  readonly isOver: boolean;
}

/** An exec'd process that is kept, and has not been started. */
export interface RegisteredExec {
  readonly id: string;
  readonly record: ProcessRecord;
  readonly takeover: Takeover;
}

/** An end that is in the log, and not told: what the process has left could not be removed. */
export interface UnfinishedEnd {
  readonly end: UntoldEnd;
  /** What there is to remove, as it is known now. May throw. */
  readonly work: () => EndWork;
}

/** A container that a restart has found on disk. The receiver owns the handles and the OOM source. */
export interface RecoveredContainer {
  /** Its key. */
  readonly id: ContainerKey;
  readonly record: ContainerRecord;
  readonly init: RecoveredProcess;
  /** Its init process still waits for its start. */
  readonly isCreated: boolean;
  /** It has been started, and no client has been told. */
  readonly isStartUntold: boolean;
  readonly execs: readonly RecoveredProcess[];
  readonly registered: readonly RegisteredExec[];
  /** Of exec'd processes that are over: their names stay taken. */
  readonly untoldEnds: readonly UnfinishedEnd[];
  readonly isPaused: boolean;
  readonly cgroup: ContainerCgroup | undefined;
  readonly oom: OomSource | undefined;
  /** OOM kills that clients have been told of. */
  readonly oomKillsTold: number;
}
