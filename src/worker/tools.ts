import type { StateDir } from '../runtime/layout';
import type { RuntimeCopies } from '../runtime/runtime-copies';
import type { ChildReaper } from '../sys/children';
import type { DescriptorRoom } from '../sys/descriptor-room';
import type { Logger } from '../runtime/logger';
import type { Shim } from './shim';

/** What the sequences of this room are given by the daemon. */
export interface WorkTools {
  readonly stateDir: StateDir;
  readonly reaper: ChildReaper;
  readonly runtimeCopies: RuntimeCopies;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
  /** Bound on a start, an exec and each single runtime call. */
  readonly startTimeoutMs: number;
  /** Runtime names that the configuration maps to programs. */
  readonly runtimeAliases: ReadonlyMap<string, string>;
  /** The shim for a new process, by the `--shim` setting. @throws WorkError */
  shimFor(setting: string): Promise<Shim>;
  /** Names of those of our shims that died lately: each is an argument of what they have left half-begun. */
  deadShims(): readonly string[];
}
