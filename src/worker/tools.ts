import type { StateDir } from '../runtime/state-dir/layout';
import type { RuntimeCopies } from '../runtime/oci/runtime-copies';
import type { FrozenCgroup } from '../runtime/cgroups/frozen-cgroup';
import type { RuntimeKinds } from '../runtime/oci/runtime-kinds';
import type { Poller } from '../sys/poller';
import type { ChildReaper } from '../sys/process/children';
import type { DescriptorRoom } from '../sys/descriptor-room';
import type { ForeignFiles } from '../runtime/foreign/foreign-files';
import type { Logger } from '../runtime/logger';
import type { RootfsMounts } from './rootfs-mounts';
import type { LastWords } from './last-words';
import type { Shim, Takeover } from './shims/shim';

/** What the sequences of this room are given by the daemon. */
export interface WorkTools {
  readonly stateDir: StateDir;
  readonly reaper: ChildReaper;
  readonly runtimeCopies: RuntimeCopies;
  readonly runtimeKinds: RuntimeKinds;
  /** Held while containers are paused. */
  readonly frozenCgroup: FrozenCgroup;
  readonly poller: Poller;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
  readonly mounts: RootfsMounts;
  /** Whatever a client names is touched through these. */
  readonly foreign: ForeignFiles;
  /** Bound on a start, an exec and each single runtime call. */
  readonly startTimeoutMs: number;
  /** Runtime names that the configuration maps to programs. */
  readonly runtimeAliases: ReadonlyMap<string, string>;
  /** The shim for a new process, by the `--shim` setting. @throws WorkError */
  shimFor(setting: string): Promise<Shim>;
  /** Has whichever of our shims has the process end it, one that has not answered yet once it does. @throws WorkError where one has died over it */
  abortAnywhere(takeover: Takeover): Promise<void>;
  /** Whether this daemon or one of its shims has an oom_score_adj, which the runtimes that they start inherit. */
  hasOomScore(): boolean;
  /** Names of those of our shims that died lately: each is an argument of what they have left half-begun. */
  deadShims(): readonly string[];
  /** Takes what nobody has read of ended processes' output. */
  readonly lastWords: LastWords;
}
