import { dirname, join } from 'node:path';
import { readCgroup } from '../../runtime/cgroups/cgroup-file';
import { findCgroup } from '../../runtime/cgroups/find';
import { livingIn, livingOf } from '../../runtime/cgroups/living';
import { INIT } from '../../runtime/state-dir/layout';
import { readPid } from '../../runtime/state-dir/process-dir';
import { isRunning, readProcStat } from '../../sys/process/process';
import { isShortage } from '../../sys/shortage';
import { askRuntimeState } from '../../worker/runtime/runtime-state';
import type { Takeover } from '../../worker/shims/shim';
import type { WorkTools } from '../../worker/tools';

/** What a process's files say. */
export interface WrittenIdentity {
  readonly pid: number | undefined;
  readonly starttime: string | undefined;
}

/** A process that its files do not name. */
export interface Unnamed {
  readonly takeover: Takeover;
  readonly written: WrittenIdentity;
  /** The container's own flags of the runtime. */
  readonly runtimeArgs: () => readonly string[];
}

/**
 * Looks for a process that neither its files nor the event log name: in the container's cgroup and, for its first process,
 * in the runtime's own record. Asks the runtime only where something of the container may live.
 * @returns undefined where it is over
 * @throws where something lives, and nobody tells whether it is this process
 */
export async function findLiving(known: Unnamed, tools: WorkTools): Promise<number | undefined> {
  const { takeover, written } = known;
  const { dir, id, processId } = takeover;
  const inCgroup = livingInCgroup(dir, processId);
  if (inCgroup?.length === 0) return undefined;
  const living = inCgroup ?? livingOf(id);
  if (processId !== INIT) return resembling(dir, living, written);
  const state = await askRuntimeState(tools, takeover, known.runtimeArgs());
  if (state.is === 'over') return undefined;
  if (state.is === 'running' && isRunning(state.pid, undefined)) return state.pid;
  if (living.length === 0) return undefined;
  const cause = state.is === 'unknown' ? state.cause : undefined;
  throw new Error(`${dir}: ${String(living.length)} processes of the container live, and nobody tells which is its first`, { cause });
}

/** Undefined where nobody knows the container's cgroup. */
function livingInCgroup(dir: string, processId: string): number[] | undefined {
  const initDir = join(dirname(dir), INIT);
  try {
    const pid = processId === INIT ? undefined : readPid(initDir);
    const cgroup = readCgroup(initDir) ?? (pid === undefined ? undefined : findCgroup(pid));
    return cgroup === undefined ? undefined : livingIn(cgroup);
  } catch (error) {
    if (isShortage(error)) throw error;
    // Damaged, or the first process is gone: looked for by the container's id.
    return undefined;
  }
}

/**
 * The one living process that an exec's files may have named before they were damaged: a number that was cut short, or cannot be
 * read, stands for any that it may have been.
 * @throws where more than one may be meant, or no file speaks for it alone
 */
function resembling(dir: string, living: readonly number[], { pid, starttime }: WrittenIdentity): number | undefined {
  const meant = living.flatMap((candidate) => {
    const actual = readProcStat(candidate)?.starttime;
    if (actual === undefined || !actual.startsWith(starttime ?? '') || !String(candidate).startsWith(pid?.toString() ?? '')) return [];
    return [{ pid: candidate, isSure: candidate === pid || (pid !== undefined && actual === starttime) }];
  });
  const [only, ...others] = meant;
  if (only === undefined) return undefined;
  if (others.length === 0 && only.isSure) return only.pid;
  throw new Error(`${dir}: it may be process ${meant.map((one) => one.pid).join(' or ')}, and nobody tells which`);
}
