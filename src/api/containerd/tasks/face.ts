import type { Any } from '../../gen/google/protobuf/any';
import type { Checkpoints } from '../../../images/checkpoints/checkpoints';
import type { ContainerName } from '../../../runtime/state-dir/container-key';
import type { Supervisor } from '../../../supervisor/supervisor';

/** What a task is made from: the part of a container's record that its task needs. */
export interface TaskRecord {
  readonly id: string;
  readonly runtime: { readonly name: string; readonly options: Any | undefined };
  /** The client's, byte for byte. */
  readonly spec: Any | undefined;
}

/** The container records, as far as tasks go by them. */
export interface TaskRecords {
  /** Undefined where there is no such container. */
  find(name: ContainerName): TaskRecord | undefined;
}

/** What the Tasks service is given. */
export interface TasksFace {
  readonly supervisor: Supervisor;
  readonly records: TaskRecords;
  /** Where checkpoints are kept as blobs. */
  readonly checkpoints: Checkpoints;
  /** The `--shim` setting. */
  readonly shim: string;
  /** The runtime's root where a client names none: `/<namespace>` is added to it. */
  readonly runtimeRoot: string;
  /** Where the bundle lies that is written for a container. */
  ownBundle(name: ContainerName): string;
}
