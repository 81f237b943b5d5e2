import { SysError } from '../../../sys/errors';
import { SIGKILL, isRunning, signalPid, signalPidFd } from '../../../sys/process/process';
import { parseStartKey } from '../../../worker/process-identity';
import { type ProcessEntry, findProcess } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { letDie } from '../../freezer-state';
import { isAlive } from '../../process-state';
import { type Outcome, type TaskOf, done, refusal } from '../../task';

const ESRCH = 3;

/**
 * Signal: to the one process, through its pidfd, which cannot hit another that has
 * its pid by now. A paused process gets it when it is resumed, except SIGKILL: on
 * cgroup v1 a frozen process does not die, so the container is thawed for it.
 */
export function signal(task: TaskOf<'signal'>, context: Context): Outcome<'signal'> {
  const { id, processId } = task;
  const container = context.table.get(id);
  if (container === undefined) return refusal(new SupervisorError('container-not-found', { id }));
  const process = findProcess(container, processId);
  if (process === undefined) return refusal(new SupervisorError('process-not-found', { id, processId }));
  try {
    if (!isAlive(process.state)) throw new SysError(ESRCH, 'kill');
    const pidFd = process.handle?.pidFd;
    if (pidFd !== undefined) signalPidFd(pidFd, task.signal);
    else if (isRunning(process.systemPid, starttimeOf(process))) signalPid(process.systemPid, task.signal);
    else throw new SysError(ESRCH, 'kill');
    if (task.signal !== SIGKILL) return done;
    process.killed = true;
    letDie(container, process, context);
  } catch (error) {
    return refusal(error as Error);
  }
  return done;
}

/** Of one whose container is held back only the log knows it. Where nobody does, no process has it. */
function starttimeOf({ watched, startKey }: ProcessEntry): string {
  return watched?.starttime ?? parseStartKey(startKey)?.starttime ?? '';
}
