import { registerExec } from '../../../worker/register-exec';
import { findProcess } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import type { NewExec } from '../../exec-record';
import { workOnExec } from '../../exec-work';
import { answerWaiters, execIsOver } from '../../process-end';
import { transition } from '../../process-state';
import { type Outcome, type TaskOf, done, later } from '../../task';

/** Starts an exec'd process that has been registered, in the container's lane. One that fails stays, and cannot be started again. */
export function startExec(task: TaskOf<'startExec'>, context: Context): Outcome<'startExec'> {
  const { id, processId } = task;
  const container = context.table.get(id);
  if (container?.init.isTold !== true) throw new SupervisorError('container-not-found', { id });
  const process = findProcess(container, processId);
  if (process?.isTold !== true) throw new SupervisorError('process-not-found', { id, processId });
  if (process.state !== 'registered' || process.startFailed === true || process.deleting === true) {
    const word = process.state === 'stopped' || process.startFailed === true ? 'stopped' : 'running';
    throw new SupervisorError('wrong-state', { id, processId }, { detail: `cannot start a ${word} process` });
  }
  const { record, takeover } = process;
  // What is registered has both, also after a restart.
  if (record === undefined || takeover === undefined) throw new SupervisorError('process-not-found', { id, processId });
  if (container.init.state !== 'running') {
    throw new SupervisorError('wrong-state', { id, processId }, { detail: `cannot exec in a ${container.init.state} state` });
  }
  if (!context.lanes.hasRoom) throw new SupervisorError('busy', { id, processId });
  if (context.publisher.backlog > 0) throw new SupervisorError('log-unavailable', { id, processId });
  process.state = transition(process.state, 'begun');
  const exec: NewExec = { container, process, record, takeover };
  context.lanes.run(id, () => workOnExec(task, exec, { isRegistered: true, failed: () => takeBack(exec, context) }, context));
  return later;
}

async function takeBack({ container, process, record, takeover }: NewExec, context: Context): Promise<void> {
  try {
    registerExec(context.tools, takeover, record);
  } catch (cause) {
    context.log.error({ id: container.id, process: process.id, err: cause }, 'an exec that failed is forgotten by a restart');
  }
  await context.ask('execNotStarted', { container, process });
}

/** An exec'd process that is kept could not be started: it has no end, and nobody waits for one any more. */
export function execNotStarted(task: TaskOf<'execNotStarted'>, context: Context): Outcome<'execNotStarted'> {
  const { container, process } = task;
  process.state = transition(process.state, 'undone');
  process.startFailed = true;
  delete process.handle;
  delete process.watched;
  answerWaiters(process);
  execIsOver(container, context);
  return done;
}
