import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { readCgroup } from '../../runtime/cgroups/cgroup-file';
import { findCgroup } from '../../runtime/cgroups/find';
import { readFreezerState } from '../../runtime/cgroups/freezer';
import { openOomSource } from '../../runtime/cgroups/open-oom-source';
import { type ContainerKey, isLegacy } from '../../runtime/state-dir/container-key';
import { INIT } from '../../runtime/state-dir/layout';
import { clearStartCall, isStartCall } from '../../runtime/state-dir/process-dir';
import { resolveRuntime } from '../../runtime/oci/runtime-program';
import { type ContainerRecord, readContainerRecord } from '../../runtime/state-dir/state-file';
import { checkUnmounted } from '../../sys/files/held-directory';
import { isShortage } from '../../sys/shortage';
import { askRuntimeState } from '../../worker/runtime/runtime-state';
import { type Takeover, keyOfTakeover, takeoverNames } from '../../worker/shims/shim';
import type { ShimProcess } from '../../worker/shims/shim-fleet';
import type { Progress } from '../../worker/undo';
import type { Context } from '../context';
import { type FoundProcess, findProcessOnDisk } from './find-process';
import { oomTold } from '../oom-told';
import { toldProcess } from '../told-process';
import type { RecoveredContainer, RecoveredProcess, UnfinishedEnd } from './recovered';

export type { FoundProcess } from './find-process';

/** A container as it lies on disk. */
export interface FoundContainer extends Omit<RecoveredContainer, 'init' | 'execs' | 'registered' | 'untoldEnds'> {
  readonly init: { readonly is: 'recovered'; readonly process: RecoveredProcess } | { readonly is: 'untold'; readonly progress: Progress };
  readonly execs: readonly FoundProcess[];
}

/**
 * Reads a container's directory. Rejects where its init process makes no sense:
 * then the container is set aside, unless something has run out. What else is damaged is replaced by what is known.
 * @param untoldEnds of its exec'd processes: there is nothing to read of these
 */
export async function findContainer(
  id: string,
  shims: Map<string, ShimProcess>,
  untoldEnds: readonly UnfinishedEnd[],
  context: Context,
): Promise<FoundContainer> {
  const record = recordOf(id, context);
  const find = (processId: string): Promise<FoundProcess> =>
    findProcessOnDisk(takeoverOf(id, processId, context, record), record.runtimeArgs, shims, context);
  const init = await find(INIT);
  if (init.is === 'broken') throw init.cause;
  if (init.is === 'registered') throw new Error(`${init.process.takeover.dir}: no init process is registered`);
  if (init.is === 'untold') return { id, record, init, execs: [], ...notKept, ...withoutCgroup };
  const { process } = init;
  const execs: FoundProcess[] = [];
  try {
    const ended = new Set(untoldEnds.map(({ end }) => end.processId));
    for (const name of execNames(context.tools.stateDir.containerDir(id))) if (!ended.has(name)) execs.push(await find(name));
    const stage = await stageOf(id, process, record, context);
    return { id, record, ...withNamespace(process, execs), ...stage, ...cgroupOf(process, context) };
  } catch (error) {
    for (const found of [init, ...execs]) closeProcess(found);
    throw error;
  }
}

/** Lets go of what was found, where nobody takes it over. */
export function closeFound({ init, execs, oom }: FoundContainer): void {
  for (const found of [init, ...execs]) closeProcess(found);
  oom?.close();
}

function closeProcess(found: FoundProcess | FoundContainer['init']): void {
  if (found.is === 'recovered') found.process.handle.close();
}

/** Whether the container has a pid namespace of its own is known by its first process, and so of all others. */
function withNamespace(init: RecoveredProcess, execs: readonly FoundProcess[]): Pick<FoundContainer, 'init' | 'execs'> {
  const ownPidNamespace = hasOwnPidNamespace(init);
  const known = (process: RecoveredProcess): RecoveredProcess => ({ ...process, takeover: { ...process.takeover, ownPidNamespace } });
  return {
    init: { is: 'recovered', process: known(init) },
    execs: execs.map((exec) => (exec.is === 'recovered' ? { ...exec, process: known(exec.process) } : exec)),
  };
}

/** How a process on disk is given to a shim or to the runtime. */
export function takeoverOf(id: string, processId: string, context: Context, record = recordOf(id, context)): Takeover {
  const { stateDir } = context.tools;
  const lifted = stateDir.liftedBundle(id);
  return {
    dir: stateDir.processDir(id, processId),
    ...takeoverNames(id),
    processId,
    bundle: existsSync(lifted) ? lifted : record.bundle,
    runtime: programOf(record.runtime, context),
    ownPidNamespace: true,
  };
}

/** A damaged state.json costs the labels, not the container: the daemon's own settings stand in. */
function recordOf(id: string, context: Context): ContainerRecord {
  try {
    return readContainerRecord(context.tools.stateDir.containerDir(id));
  } catch (error) {
    if (isShortage(error)) throw error;
    context.log.error({ id, err: error }, 'state.json cannot be read, the defaults stand in');
    return defaultRecord(context);
  }
}

/** The record of a container whose directory may be out of reach. */
export function recordIfReachable(id: string, context: Context): ContainerRecord {
  try {
    checkUnmounted(context.tools.stateDir.containerDir(id));
    return recordOf(id, context);
  } catch {
    return defaultRecord(context);
  }
}

function defaultRecord({ settings: { runtime, runtimeArgs, shim } }: Context): ContainerRecord {
  return { bundle: '/', labels: [], runtime, runtimeArgs, shim, noPivotRoot: false };
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
  // By the directory's own entries: a look at one may hang, where a file system is mounted on it.
  return readdirSync(containerDir, { withFileTypes: true }).filter((entry) => entry.name !== INIT && entry.isDirectory()).map((entry) => entry.name);
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

type StageFacts = Pick<RecoveredContainer, 'isCreated' | 'isStartUntold'>;

const notKept: StageFacts = { isCreated: false, isStartUntold: false };

/**
 * How far a task has come that is kept. A daemon that was killed around the runtime's `start` has told nobody of it: then
 * the runtime itself knows. Also takes away the mark of that call.
 */
async function stageOf(id: ContainerKey, init: RecoveredProcess, record: ContainerRecord, context: Context): Promise<StageFacts> {
  if (isLegacy(id) || toldProcess(context.publisher.log, id, INIT)?.stage !== 'created') return notKept;
  const wasCalled = isStartCall(init.takeover.dir);
  clearStartCall(init.takeover.dir);
  // What was restored from a checkpoint runs, and waits for its start all the same.
  if (!wasCalled && init.record.checkpoint !== '') return { isCreated: true, isStartUntold: false };
  if (init.isOver) return { isCreated: true, isStartUntold: false };
  const state = await askRuntimeState(context.tools, init.takeover, record.runtimeArgs);
  const isCreated = state.is !== 'running' || state.isCreated;
  return { isCreated, isStartUntold: !isCreated };
}

type CgroupFacts = Pick<RecoveredContainer, 'isPaused' | 'cgroup' | 'oom' | 'oomKillsTold'>;

const withoutCgroup: CgroupFacts = { isPaused: false, cgroup: undefined, oom: undefined, oomKillsTold: 0 };

function cgroupOf(init: RecoveredProcess, context: Context): CgroupFacts {
  const { dir } = init.takeover;
  const id = keyOfTakeover(init.takeover);
  const { identity } = init.handle;
  const told = oomTold(context.publisher.log, id, identity?.startKey ?? '');
  try {
    const written = readCgroup(dir);
    const cgroup = written ?? (init.isOver || identity === undefined ? undefined : findCgroup(identity.pid));
    if (cgroup === undefined) return withoutCgroup;
    const isPaused = readFreezerState(cgroup) === 'paused';
    // Of a container of the original nobody knows what was told: only what comes counts.
    const oom = openOomSource(cgroup, written === undefined ? {} : { knownKills: told.kills, knownStalls: told.stalls });
    return { cgroup, isPaused, oom, oomKillsTold: oom?.kills ?? told.kills };
  } catch (error) {
    if (isShortage(error)) throw error;
    if (!init.isOver) context.log.warn({ id, err: error }, 'no OOM notifications for this container');
    return { ...withoutCgroup, oomKillsTold: told.kills };
  }
}
