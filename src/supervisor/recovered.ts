import type { ContainerCgroup } from '../runtime/cgroups/cgroup';
import type { OomSource } from '../runtime/cgroups/oom-source';
import type { ProcessRecord } from '../runtime/process-file';
import type { ContainerRecord } from '../runtime/state-file';
import type { ProcessHandle } from '../worker/process-handle';
import type { OurShim } from '../worker/our-shim';
import type { Takeover } from '../worker/shim';

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

/** A container that a restart has found on disk. The receiver owns the handles and the OOM source. */
export interface RecoveredContainer {
  readonly id: string;
  readonly record: ContainerRecord;
  readonly init: RecoveredProcess;
  readonly execs: readonly RecoveredProcess[];
  readonly isPaused: boolean;
  readonly cgroup: ContainerCgroup | undefined;
  readonly oom: OomSource | undefined;
  /** OOM kills that clients have been told of. */
  readonly oomKillsTold: number;
}
