import { execProcess } from '../worker/exec-process';
import type { Context } from './context';
import type { NewExec } from './exec-record';
import type { TaskOf } from './task';

export interface ExecSteps {
  /** See `ExecRequest`. */
  readonly isRegistered: boolean;
  /** Takes the process back where it could not be started; the answer comes after it. */
  readonly failed: () => Promise<void>;
}

/** What a container's lane does for an exec: starts it, has it told, and answers. The supervisor's state changes in the tasks that it asks for. */
export async function workOnExec(
  task: TaskOf<'exec' | 'startExec'>,
  { container, process, record, takeover }: NewExec,
  { isRegistered, failed }: ExecSteps,
  context: Context,
): Promise<void> {
  const beganMs = performance.now();
  try {
    await execProcess(context.tools, { record, takeover, shimSetting: container.record.shim, isRegistered }, task.cancel, {
      commit: async (executed) => { task.reply.resolve(await context.ask('commitExec', { container, process, executed }, task.cancel)); },
      undoWaits: (error) => { task.reply.reject(error as Error); },
    });
    context.timings.record('exec-process-time', performance.now() - beganMs);
  } catch (error) {
    context.log.warn({ id: container.id, process: process.id, err: error }, 'process not started');
    await failed();
    task.reply.reject(error as Error);
  }
}
