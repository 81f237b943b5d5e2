import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type ContainerKey, isLegacy } from '../../runtime/state-dir/container-key';
import { INIT } from '../../runtime/state-dir/layout';
import { isRunning, openPidFd } from '../../sys/process/process';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import type { ProcessIdentity } from '../../worker/process-identity';
import type { Context } from '../context';
import { toldProcess } from '../told-process';
import { recordIfReachable, takeoverOf } from './find-container';
import { startOf } from './find-identity';

/** How soon, and how often at least, a container is looked at again. */
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/**
 * Keeps a container's id that can neither be read nor set aside, as while something is mounted on its directory, and looks
 * at it again beside the loop until that leads somewhere. Resolves once the id is taken.
 * @param look takes the container up, undoes it or sets it aside, or throws
 */
export async function holdBack(id: ContainerKey, cause: unknown, look: () => Promise<void>, context: Context): Promise<void> {
  context.log.error({ id, err: cause }, 'a container can be neither read nor set aside, and is looked at again later');
  const record = recordIfReachable(id, context);
  const start = startOf(takeoverOf(id, INIT, context, record), context);
  const isStarted = isLegacy(id) || toldProcess(context.publisher.log, id, INIT)?.stage === 'started';
  const container = await context.ask('heldBack', {
    id,
    record,
    start: start === undefined ? undefined : { ...start, isStarted, isRunning: isRunning(start.pid, start.starttime) },
  });
  const letGo = start === undefined ? () => undefined : watchEnd(start, () => { context.post('heldBackEnded', { container }); }, context);
  void lookAgain(id, cause, look, context).finally(letGo).then(() => context.ask('startFailed', { container }));
}

/** Of what it leaves behind nothing can be read, but that it ends the kernel tells. @returns what stops that */
function watchEnd({ pid, starttime }: Pick<ProcessIdentity, 'pid' | 'starttime'>, onEnd: () => void, { tools: { poller } }: Context): () => void {
  let pidFd: number;
  try {
    pidFd = openPidFd(pid);
  } catch (error) {
    if (errorCodeOf(error) !== 'ESRCH') throw error;
    onEnd();
    return () => undefined;
  }
  const look = (): void => { if (!isRunning(pid, starttime)) onEnd(); };
  const watch = poller.watch(pidFd, { in: true, edge: true }, look);
  // The number may have been another's before the pidfd was open.
  look();
  return () => {
    watch.close();
    closeSync(pidFd);
  };
}

async function lookAgain(id: ContainerKey, cause: unknown, look: () => Promise<void>, context: Context): Promise<void> {
  let said = messageOf(cause);
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    await delay(pauseMs, undefined, { ref: false });
    try {
      await look();
      context.log.info({ id }, 'a container that was held back is taken up');
      return;
    } catch (error) {
      const level = said === messageOf(error) ? 'debug' : 'error';
      context.log[level]({ id, err: error }, 'a container that was held back cannot be taken up yet');
      said = messageOf(error);
    }
  }
}
