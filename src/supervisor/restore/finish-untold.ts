import { type ContainerKey, isLegacy, keyOf } from '../../runtime/state-dir/container-key';
import { INIT } from '../../runtime/state-dir/layout';
import { readProcessRecord } from '../../runtime/state-dir/process-file';
import { RuntimeError } from '../../runtime/errors';
import { faultPoint } from '../../sys/fault';
import { checkUnmounted } from '../../sys/files/held-directory';
import { errorCodeOf } from '../../sys/thrown';
import { type EndWork, finishEnd } from '../../worker/finish-end';
import { parseStartKey } from '../../worker/process-identity';
import type { Context } from '../context';
import type { UntoldEnd } from '../events/event';
import { forgetOom } from '../oom-told';
import { takeoverOf } from './find-container';
import { namesRunning, writtenIdentity } from './find-identity';
import type { UnfinishedEnd } from './recovered';

/**
 * The exits that are in the log and not told: what is left to do is the removal, and to tell them.
 * @returns those where that cannot be done yet
 */
export async function finishUntoldEnds(context: Context): Promise<UntoldEnd[]> {
  const unfinished: UntoldEnd[] = [];
  for (const end of context.publisher.log.untold()) {
    try {
      await finish(end, context);
    } catch (error) {
      context.log.error({ id: keyOfEnd(end), process: end.processId, err: error }, 'an end that was recorded before the restart cannot be finished yet');
      unfinished.push(end);
    }
  }
  return unfinished;
}

/** What is left to do of it. */
export function unfinishedEndOf(end: UntoldEnd, context: Context): UnfinishedEnd {
  return { end, work: () => workOf(end, context) };
}

/** The key of its container. */
export function keyOfEnd({ namespace, containerId }: UntoldEnd): ContainerKey {
  return keyOf({ namespace, id: containerId });
}

async function finish(end: UntoldEnd, context: Context): Promise<void> {
  const { processId } = end;
  const id = keyOfEnd(end);
  if (isOfAnEarlierStart(end, context)) {
    context.log.error({ id, process: processId, startKey: end.startKey }, 'the log has lost that this end was told: another start of the same name runs by now');
    context.publisher.log.forgetEnd(end);
    return;
  }
  // One that is kept leaves what is removed when it is deleted.
  if (isLegacy(id)) {
    faultPoint('daemon.restore.before-finish');
    await finishEnd(context.tools, workOf(end, context));
    faultPoint('daemon.restore.finished');
  }
  context.publisher.tellEnd(end, () => {
    if (isLegacy(id) && processId === INIT) forgetOom(context.publisher.log, id);
    context.log.info({ id, process: processId, status: end.status }, 'an end that was recorded before the restart is told');
  });
}

/**
 * Whether another start of the same name runs: a name is free again once its end has been told, so the log has lost that, and what came after it (its
 * write-ahead log was cut short). What is there is the other start's, and a client that heard of this end now would take it for that one's.
 */
function isOfAnEarlierStart(end: UntoldEnd, context: Context): boolean {
  const ended = parseStartKey(end.startKey);
  const written = writtenIdentity(context.tools.stateDir.processDir(keyOfEnd(end), end.processId));
  if (ended === undefined || !namesRunning(written)) return false;
  return written.pid !== ended.pid || written.starttime !== ended.starttime;
}

/** @throws where something is mounted on the container's directory: what is to be seen there is not the container's */
function workOf(end: UntoldEnd, context: Context): EndWork {
  const { processId } = end;
  const id = keyOfEnd(end);
  try {
    checkUnmounted(context.tools.stateDir.containerDir(id));
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
  const takeover = takeoverOf(id, processId, context);
  return { takeover, deleteInRuntime: processId === INIT && isReadable(takeover.dir) };
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
