import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerKey, isLegacy, keyOf } from '../../runtime/state-dir/container-key';
import { INIT, isOfContainerd, STATE_FILE, type StateDir } from '../../runtime/state-dir/layout';
import { checkName } from '../../runtime/state-dir/names';
import { readProcessRecord } from '../../runtime/state-dir/process-file';
import { isBareContainerDir } from '../../runtime/state-dir/process-dir';
import { faultPoint } from '../../sys/fault';
import { checkUnmounted } from '../../sys/files/held-directory';
import { isShortage } from '../../sys/shortage';
import { errorCodeOf } from '../../sys/thrown';
import { discardDir, emptyTrash, sweepLiftedBundles } from '../../worker/discard';
import { registerExec } from '../../worker/register-exec';
import { removeOwnBundle } from '../../worker/own-bundle';
import { setAside } from '../../worker/set-aside';
import { closeHeld } from '../../worker/shims/shim';
import type { ShimProcess } from '../../worker/shims/shim-fleet';
import { type Progress, undoContainer, undoExec } from '../../worker/undo';
import type { Context } from '../context';
import { importJournal } from '../events/import-journal';
import type { UntoldEnd } from '../events/event';
import { type FoundContainer, type FoundProcess, closeFound, findContainer, recordIfReachable, takeoverOf } from './find-container';
import { startOf } from './find-identity';
import type { BrokenProcess } from './find-process';
import { finishDeletions } from './finish-deletions';
import { finishUntoldEnds, keyOfEnd, unfinishedEndOf } from './finish-untold';
import { holdBack } from './hold-back';
import type { RegisteredExec } from './recovered';
import { tryRead } from './try-read';

/** What a restart found. */
export interface Restored {
  readonly containers: number;
  readonly undone: number;
  readonly setAside: number;
  /** Neither read nor set aside, to be looked at again. */
  readonly heldBack: number;
}

/** What the looks at the containers share. */
interface Looks {
  readonly shims: Map<string, ShimProcess>;
  /** Ends that could not be finished yet. */
  readonly unfinished: readonly UntoldEnd[];
  readonly counts: { -readonly [P in keyof Restored]: number };
}

/**
 * Walks the state directory, before the socket answers: finishes the ends that were
 * recorded and not told, undoes the starts that nobody was told of, and hands each
 * other container to the loop, which watches or ends what it finds. One that makes
 * no sense harms no other: it is set aside, and the log says where. What cannot be
 * finished, or set aside, is tried again beside the running loop.
 */
export async function restore(context: Context): Promise<Restored> {
  const { stateDir } = context.tools;
  faultPoint('daemon.restore.before-trash');
  emptyTrash(stateDir, context.log);
  faultPoint('daemon.restore.before-journal');
  importJournal(stateDir.journal, context.publisher.log, context.log);
  faultPoint('daemon.restore.before-shims');
  const shims = new Map((await context.fleet.rediscover()).map((entry) => [entry.dir, entry]));
  faultPoint('daemon.restore.shims-found');
  const unfinished = await finishUntoldEnds(context);

  const looks: Looks = { shims, unfinished, counts: { containers: 0, undone: 0, setAside: 0, heldBack: 0 } };
  for (const id of containerKeys(stateDir)) {
    if (!unfinished.some((end) => keyOfEnd(end) === id && end.processId === INIT)) await restoreOrHoldBack(id, looks, context);
  }
  for (const end of unfinished) {
    // Those of exec'd processes go with their container.
    const id = keyOfEnd(end);
    if (end.processId === INIT || !context.table.has(id)) await context.ask('untoldEnd', { ...unfinishedEndOf(end, context), record: recordIfReachable(id, context) });
  }
  if (looks.counts.heldBack === 0) for (const { taken } of shims.values()) closeHeld(taken);
  finishDeletions(context);
  sweepLiftedBundles(stateDir, context.log);
  await sweepOwnBundles(context);
  faultPoint('daemon.restore.restored');
  return looks.counts;
}

async function restoreOrHoldBack(id: ContainerKey, looks: Looks, context: Context): Promise<void> {
  try {
    await restoreOne(id, looks, context).catch((error: unknown) => {
      context.log.warn({ id, err: error }, 'a container is looked at again');
      return restoreOne(id, looks, context);
    });
  } catch (error) {
    // It may make sense to a daemon that is not short of anything: this one does not start.
    if (isShortage(error)) throw error;
    if (trySetAside(id, error, context)) {
      looks.counts.setAside += 1;
      return;
    }
    // Its descriptors stay in `shims`, for a later look.
    looks.counts.heldBack += 1;
    await holdBack(id, error, () => restoreLater(id, looks, context), context);
  }
}

/** Another look at what was held back. @throws where that changes nothing */
async function restoreLater(id: ContainerKey, looks: Looks, context: Context): Promise<void> {
  try {
    await restoreOne(id, looks, context);
  } catch (error) {
    if (isShortage(error) || !trySetAside(id, error, context)) throw error;
  }
}

/** @returns whether its id is free again: what something is mounted on stays where it is */
function trySetAside(id: ContainerKey, cause: unknown, context: Context): boolean {
  const { stateDir } = context.tools;
  if (errorCodeOf(cause) === 'EBUSY') return false;
  try {
    const aside = setAside(stateDir, stateDir.containerDir(id), id);
    context.log.error({ id, aside, err: cause }, 'a container that makes no sense was set aside');
    return true;
  } catch (error) {
    context.log.debug({ id, err: error }, 'a container that makes no sense cannot be set aside');
    return false;
  }
}

async function restoreOne(id: ContainerKey, { shims, unfinished, counts }: Looks, context: Context): Promise<void> {
  const dir = context.tools.stateDir.containerDir(id);
  if (isLegacy(id)) checkName('container id', id);
  faultPoint('daemon.restore.before-find');
  checkUnmounted(dir);
  if (isBareContainerDir(dir) && !isTold(id, context)) {
    discardDir(context.tools.stateDir, dir);
    context.log.warn({ id }, 'a start that had hardly begun was undone');
    counts.undone += 1;
    return;
  }
  const untoldEnds = unfinished.filter((end) => keyOfEnd(end) === id).map((end) => unfinishedEndOf(end, context));
  const found = await findContainer(id, shims, untoldEnds, context);
  if (found.init.is === 'untold') {
    faultPoint('daemon.restore.before-undo');
    await undoStart(found, { ...found.init.progress, ...ownBundleOf(id, context) }, context);
    faultPoint('daemon.restore.undone');
    counts.undone += 1;
    return;
  }
  faultPoint('daemon.restore.found');
  const registered: RegisteredExec[] = [];
  try {
    for (const exec of found.execs) {
      const again = await tidyExec(id, exec, context);
      if (again !== undefined) registered.push(again);
    }
  } catch (error) {
    closeFound(found);
    throw error;
  }
  counts.containers += 1;
  await context.ask('recovered', {
    container: { ...found, init: found.init.process, execs: found.execs.flatMap(recoveredOf), registered, untoldEnds },
  });
  faultPoint('daemon.restore.recovered');
}

/** One that a shim may be at which has not answered yet is undone when it has. The id stays taken until then. */
async function undoStart({ id, record }: FoundContainer, progress: Progress, context: Context): Promise<void> {
  const undo = async (): Promise<void> => {
    await undoContainer(context.tools, id, progress);
    context.log.warn({ id }, 'a start that was cut off was undone');
  };
  if (!context.fleet.awaitsAnswers) return undo();
  const container = await context.ask('undoneLater', { id, record });
  void undo().then(() => context.ask('startFailed', { container }));
}

/** Then a bare directory is not one of a start that had hardly begun, but one that has lost its files. */
function isTold(id: string, context: Context): boolean {
  return startOf(takeoverOf(id, INIT, context), context) !== undefined;
}

function recoveredOf(found: FoundProcess) {
  return found.is === 'recovered' ? [found.process] : [];
}

/** @returns one that has not been started, or not been told: its name stays taken where it is kept */
async function tidyExec(id: ContainerKey, exec: FoundProcess, context: Context): Promise<RegisteredExec | undefined> {
  if (exec.is === 'registered') return exec.process;
  if (exec.is === 'untold') {
    const takeover = takeoverOf(id, exec.processId, context);
    const record = isLegacy(id) ? undefined : tryRead(() => readProcessRecord(takeover.dir));
    faultPoint('daemon.restore.before-undo');
    // One that is kept is registered again, in one step: its directory is never gone.
    const { madeDir, ...ended } = exec.progress;
    const undone = undoExec(context.tools, record === undefined || madeDir === undefined ? exec.progress : ended).then(() => {
      context.log.warn({ id, process: exec.processId }, 'an exec that was cut off was undone');
      if (record !== undefined) registerExec(context.tools, takeover, record);
    });
    if (!context.fleet.awaitsAnswers) await undone;
    else undone.catch((error: unknown) => { context.log.error({ id, process: exec.processId, err: error }, 'an exec that was cut off is not there again'); });
    faultPoint('daemon.restore.undone');
    return record === undefined ? undefined : { id: exec.processId, record, takeover };
  }
  if (exec.is === 'broken') {
    if (isShortage(exec.cause)) throw exec.cause;
    setExecAside(id, exec, context);
  }
  return undefined;
}

/** One that cannot go costs itself alone: it lies where it is until its container goes. */
function setExecAside(id: ContainerKey, { processId, dir, cause }: BrokenProcess, context: Context): void {
  try {
    const aside = setAside(context.tools.stateDir, dir, `${id}-${processId}`);
    context.log.error({ id, process: processId, aside, err: cause }, 'a process that makes no sense was set aside');
  } catch (error) {
    context.log.error({ id, process: processId, err: cause, whyNotAside: error }, 'a process that makes no sense cannot be set aside');
  }
}

function ownBundleOf(id: ContainerKey, context: Context): { readonly ownBundle?: string } {
  return isLegacy(id) ? {} : { ownBundle: context.tools.stateDir.ownBundle(id) };
}

function containerKeys(stateDir: StateDir): ContainerKey[] {
  const ofNamespace = (namespace: string): ContainerKey[] => directoriesIn(join(stateDir.namespaces, namespace)).map((id) => keyOf({ namespace, id }));
  const isContainer = (name: string): boolean => !isOfContainerd(name) || existsSync(join(stateDir.root, name, STATE_FILE));
  return [...directoriesIn(stateDir.root).filter(isContainer), ...directoriesIn(stateDir.namespaces).flatMap(ofNamespace)];
}

function directoriesIn(place: string): string[] {
  if (!existsSync(place)) return [];
  // By the directory's own entries: a look at one may hang, where a file system is mounted on it.
  return readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Removes the bundles of ours whose container was not made, or is deleted already. What cannot be removed is so at the next restart. */
async function sweepOwnBundles(context: Context): Promise<void> {
  const { stateDir } = context.tools;
  for (const namespace of directoriesIn(stateDir.ownBundles)) {
    for (const id of directoriesIn(join(stateDir.ownBundles, namespace))) {
      const key = keyOf({ namespace, id });
      if (context.table.has(key) || existsSync(stateDir.containerDir(key))) continue;
      try {
        await removeOwnBundle(context.tools, stateDir.ownBundle(key));
      } catch (error) {
        context.log.error({ id: key, err: error }, 'a bundle that nobody has cannot be removed');
      }
    }
  }
}
