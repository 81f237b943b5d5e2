import { lstatSync, readdirSync } from 'node:fs';
import { INIT } from '../runtime/layout';
import { checkName } from '../runtime/names';
import { readProcessRecord } from '../runtime/process-file';
import { isBareContainerDir } from '../runtime/process-dir';
import { RuntimeError } from '../runtime/errors';
import { faultPoint } from '../sys/fault';
import { isShortage } from '../sys/shortage';
import { discardDir, emptyTrash, setAside, sweepLiftedBundles } from '../worker/discard';
import { finishEnd } from '../worker/finish-end';
import type { ShimProcess } from '../worker/shim-fleet';
import { undoContainer, undoExec } from '../worker/undo';
import type { Context } from './context';
import { importJournal } from './import-journal';
import { type FoundProcess, findContainer, takeoverOf } from './find-container';
import type { RecordedEnd } from './event';
import { startOf } from './find-identity';
import { forgetOom } from './oom-told';

/** What a restart found. */
export interface Restored {
  readonly containers: number;
  readonly undone: number;
  readonly setAside: number;
}

/**
 * Walks the state directory, before the socket answers: finishes the ends that were
 * recorded and not told, undoes the starts that nobody was told of, and hands each
 * other container to the loop, which watches or ends what it finds. One that makes
 * no sense harms no other: it is set aside, and the log says where.
 */
export async function restore(context: Context): Promise<Restored> {
  const { stateDir } = context.tools;
  faultPoint('daemon.restore.before-trash');
  emptyTrash(stateDir);
  faultPoint('daemon.restore.before-journal');
  importJournal(stateDir.journal, context.publisher.log, context.log);
  faultPoint('daemon.restore.before-shims');
  const shims = new Map((await context.fleet.rediscover()).map((entry) => [entry.dir, entry]));
  faultPoint('daemon.restore.shims-found');
  for (const end of context.publisher.log.untold()) await finishUntold(end, context);

  const counts = { containers: 0, undone: 0, setAside: 0 };
  for (const id of containerNames(stateDir.root)) {
    try {
      await restoreOne(id, shims, context, counts).catch((error: unknown) => {
        context.log.warn({ id, err: error }, 'a container is looked at again');
        return restoreOne(id, shims, context, counts);
      });
    } catch (error) {
      // It may make sense to a daemon that is not short of anything: this one does not start.
      if (isShortage(error)) throw error;
      counts.setAside += 1;
      const aside = setAside(stateDir, stateDir.containerDir(id), id);
      context.log.error({ id, aside, err: error }, 'a container that makes no sense was set aside');
    }
  }
  sweepLiftedBundles(stateDir);
  faultPoint('daemon.restore.restored');
  return counts;
}

async function restoreOne(
  id: string,
  shims: ReadonlyMap<string, ShimProcess>,
  context: Context,
  counts: { containers: number; undone: number; setAside: number },
): Promise<void> {
  checkName('container id', id);
  faultPoint('daemon.restore.before-find');
  if (isBareContainerDir(context.tools.stateDir.containerDir(id)) && !isTold(id, context)) {
    discardDir(context.tools.stateDir, context.tools.stateDir.containerDir(id));
    context.log.warn({ id }, 'a start that had hardly begun was undone');
    counts.undone += 1;
    return;
  }
  const found = await findContainer(id, shims, context);
  if (found.init.is === 'untold') {
    faultPoint('daemon.restore.before-undo');
    await undoContainer(context.tools, id, found.init.progress);
    context.log.warn({ id }, 'a start that was cut off was undone');
    faultPoint('daemon.restore.undone');
    counts.undone += 1;
    return;
  }
  faultPoint('daemon.restore.found');
  for (const exec of found.execs) await tidyExec(id, exec, context);
  counts.containers += 1;
  await context.ask('recovered', { container: { ...found, init: found.init.process, execs: found.execs.flatMap(recoveredOf) } });
  faultPoint('daemon.restore.recovered');
}

/** Then a bare directory is not one of a start that had hardly begun, but one that has lost its files. */
function isTold(id: string, context: Context): boolean {
  return startOf(takeoverOf(id, INIT, context), context) !== undefined;
}

function recoveredOf(found: FoundProcess) {
  return found.is === 'recovered' ? [found.process] : [];
}

async function tidyExec(id: string, exec: FoundProcess, context: Context): Promise<void> {
  if (exec.is === 'untold') {
    faultPoint('daemon.restore.before-undo');
    await undoExec(context.tools, exec.progress);
    faultPoint('daemon.restore.undone');
    context.log.warn({ id, process: exec.processId }, 'an exec that was cut off was undone');
  } else if (exec.is === 'broken') {
    if (isShortage(exec.cause)) throw exec.cause;
    const aside = setAside(context.tools.stateDir, exec.dir, `${id}-${exec.processId}`);
    context.log.error({ id, process: exec.processId, aside, err: exec.cause }, 'a process that makes no sense was set aside');
  }
}

/** The exit is in the log: what is left to do is the removal, and to tell it. */
async function finishUntold(end: RecordedEnd, context: Context): Promise<void> {
  const { containerId: id, processId } = end;
  const takeover = takeoverOf(id, processId, context);
  faultPoint('daemon.restore.before-finish');
  await finishEnd(context.tools, { takeover, deleteInRuntime: processId === INIT && isReadable(takeover.dir) });
  faultPoint('daemon.restore.finished');
  context.publisher.log.tell(end);
  if (processId === INIT) forgetOom(context.publisher.log, id);
  context.log.info({ id, process: processId, status: end.status }, 'an end that was recorded before the restart is told');
}

function isReadable(dir: string): boolean {
  try {
    readProcessRecord(dir);
    return true;
  } catch (error) {
    if (error instanceof RuntimeError) return false;
    throw error;
  }
}

function containerNames(root: string): string[] {
  return readdirSync(root).filter((name) => lstatSync(`${root}/${name}`).isDirectory());
}
