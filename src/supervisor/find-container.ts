import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readCgroup } from '../runtime/cgroups/cgroup-file';
import { findCgroup } from '../runtime/cgroups/find';
import { readFreezerState } from '../runtime/cgroups/freezer';
import { openOomSource } from '../runtime/cgroups/open-oom-source';
import { INIT } from '../runtime/layout';
import { resolveRuntime } from '../runtime/runtime-program';
import { type ContainerRecord, readContainerRecord } from '../runtime/state-file';
import { isShortage } from '../sys/shortage';
import type { Takeover } from '../worker/shim';
import type { ShimProcess } from '../worker/shim-fleet';
import type { Progress } from '../worker/undo';
import type { Context } from './context';
import { type FoundProcess, findProcessOnDisk } from './find-process';
import { oomKillsTold } from './oom-told';
import type { RecoveredContainer, RecoveredProcess } from './recovered';

export type { FoundProcess } from './find-process';

/** A container as it lies on disk. */
export interface FoundContainer extends Omit<RecoveredContainer, 'init' | 'execs'> {
  readonly init: { readonly is: 'recovered'; readonly process: RecoveredProcess } | { readonly is: 'untold'; readonly progress: Progress };
  readonly execs: readonly FoundProcess[];
}

/**
 * Reads a container's directory. Rejects where its init process makes no sense:
 * then the container is set aside, unless something has run out. What else is damaged is replaced by what is known.
 */
export async function findContainer(id: string, shims: ReadonlyMap<string, ShimProcess>, context: Context): Promise<FoundContainer> {
  const record = recordOf(id, context);
  const find = (processId: string): Promise<FoundProcess> =>
    findProcessOnDisk(takeoverOf(id, processId, context, record), record.runtimeArgs, shims, context);
  const init = await find(INIT);
  if (init.is === 'broken') throw init.cause;
  if (init.is === 'untold') return { id, record, init, execs: [], ...withoutCgroup };
  const ownPidNamespace = hasOwnPidNamespace(init.process);
  const withNamespace = (process: RecoveredProcess): RecoveredProcess => ({
    ...process,
    takeover: { ...process.takeover, ownPidNamespace },
  });
  const execs: FoundProcess[] = [];
  for (const name of execNames(context.tools.stateDir.containerDir(id))) execs.push(await find(name));
  return {
    id,
    record,
    init: { is: 'recovered', process: withNamespace(init.process) },
    execs: execs.map((exec) => (exec.is === 'recovered' ? { ...exec, process: withNamespace(exec.process) } : exec)),
    ...cgroupOf(init.process, context),
  };
}

/** How a process on disk is given to a shim or to the runtime. */
export function takeoverOf(id: string, processId: string, context: Context, record = recordOf(id, context)): Takeover {
  const { stateDir } = context.tools;
  const lifted = stateDir.liftedBundle(id);
  return {
    dir: stateDir.processDir(id, processId),
    id,
    processId,
    bundle: existsSync(lifted) ? lifted : record.bundle,
    runtime: programOf(record.runtime, context),
    ownPidNamespace: true,
  };
}

/** A damaged state.json costs the labels, not the container: the daemon's own settings stand in. */
function recordOf(id: string, context: Context): ContainerRecord {
  const { runtime, runtimeArgs, shim } = context.settings;
  try {
    return readContainerRecord(context.tools.stateDir.containerDir(id));
  } catch (error) {
    if (isShortage(error)) throw error;
    context.log.error({ id, err: error }, 'state.json cannot be read, the defaults stand in');
    return { bundle: '/', labels: [], runtime, runtimeArgs, shim, noPivotRoot: false };
  }
}

/** A runtime that is not installed (any more) is asked for by its name, and fails by itself. */
function programOf(runtime: string, context: Context): string {
  try {
    return resolveRuntime(runtime, context.tools.runtimeAliases);
  } catch {
    return `/usr/bin/${runtime}`;
  }
}

function execNames(containerDir: string): string[] {
  return readdirSync(containerDir).filter((name) => name !== INIT && lstatSync(join(containerDir, name)).isDirectory());
}

/** True also where the process is gone: then nothing is left that would have to be killed. */
function hasOwnPidNamespace(init: RecoveredProcess): boolean {
  const pid = init.handle.identity?.pid;
  if (init.isOver || pid === undefined) return true;
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) !== readlinkSync('/proc/self/ns/pid');
  } catch {
    return true;
  }
}

type CgroupFacts = Pick<RecoveredContainer, 'isPaused' | 'cgroup' | 'oom' | 'oomKillsTold'>;

const withoutCgroup: CgroupFacts = { isPaused: false, cgroup: undefined, oom: undefined, oomKillsTold: 0 };

function cgroupOf(init: RecoveredProcess, context: Context): CgroupFacts {
  const { id, dir } = init.takeover;
  const { identity } = init.handle;
  const told = oomKillsTold(context.publisher.log, id, identity?.startKey ?? '');
  try {
    const written = readCgroup(dir);
    const cgroup = written ?? (init.isOver || identity === undefined ? undefined : findCgroup(identity.pid));
    if (cgroup === undefined) return withoutCgroup;
    const isPaused = readFreezerState(cgroup) === 'paused';
    // Of a container of the original nobody knows what was told: only what comes counts.
    const oom = openOomSource(cgroup, written === undefined ? {} : { knownKills: told });
    return { cgroup, isPaused, oom, oomKillsTold: oom?.kills ?? told };
  } catch (error) {
    if (isShortage(error)) throw error;
    if (!init.isOver) context.log.warn({ id, err: error }, 'no OOM notifications for this container');
    return { ...withoutCgroup, oomKillsTold: told };
  }
}
