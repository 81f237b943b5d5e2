import type { ForeignFiles } from '../runtime/foreign/foreign-files';
import { FrozenCgroup } from '../runtime/cgroups/frozen-cgroup';
import type { Logger } from '../runtime/logger';
import type { RuntimeCopies } from '../runtime/oci/runtime-copies';
import { RuntimeKinds } from '../runtime/oci/runtime-kinds';
import type { StateDir } from '../runtime/state-dir/layout';
import type { DescriptorRoom } from '../sys/descriptor-room';
import type { Poller } from '../sys/poller';
import type { ChildReaper } from '../sys/process/children';
import { oomScoreAdjOf } from '../sys/process/oom-score';
import { isLabelled } from '../sys/process/security-label';
import { LastWords } from '../worker/last-words';
import { LegacyShim } from '../worker/shims/legacy-shim';
import { isOurShim } from '../worker/shims/shim';
import type { ShimFleet } from '../worker/shims/shim-fleet';
import type { WorkTools } from '../worker/tools';
import { endWithoutShim } from '../worker/undo';
import type { RuntimeCopy, Settings } from './settings';

/** What the tools are made from. */
export interface ToolParts {
  readonly settings: Settings;
  readonly stateDir: StateDir;
  readonly fleet: ShimFleet;
  readonly reaper: ChildReaper;
  readonly poller: Poller;
  readonly runtimeCopies: RuntimeCopies;
  readonly foreign: ForeignFiles;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
}

/** Rules that go by a program's path or label do not hold for a copy: where there may be such, only on request. */
export function copiesRuntimes(setting: RuntimeCopy): boolean {
  return setting === 'always' || (setting === 'auto' && !isLabelled());
}

/** What workers work with. */
export function makeTools({ settings, stateDir, fleet, reaper, poller, runtimeCopies, foreign, log, descriptors }: ToolParts): WorkTools {
  const tools: WorkTools = {
    stateDir,
    reaper,
    poller,
    runtimeCopies,
    runtimeKinds: new RuntimeKinds(),
    frozenCgroup: new FrozenCgroup(stateDir.root),
    foreign,
    log,
    descriptors,
    mounts: foreign,
    startTimeoutMs: settings.startTimeoutMs,
    runtimeAliases: settings.runtimes,
    shimFor: async (setting) =>
      isOurShim(setting) ? await fleet.current() : new LegacyShim(setting, reaper, (takeover) => endWithoutShim(tools, takeover)),
    abortAnywhere: (takeover) => fleet.abortAnywhere(takeover),
    hasOomScore: () => [process.pid, ...fleet.pids()].some((pid) => oomScoreAdjOf(pid) !== 0),
    deadShims: () => fleet.dead,
    lastWords: new LastWords(),
  };
  return tools;
}
