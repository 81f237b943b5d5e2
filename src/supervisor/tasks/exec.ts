import type { ProcessRecord } from '../../runtime/process-file';
import { execProcess } from '../../worker/exec-process';
import type { Takeover } from '../../worker/shim';
import { type ContainerEntry, type ProcessEntry, findProcess, newProcess } from '../container';
import type { Context } from '../context';
import { SupervisorError } from '../errors';
import { type Outcome, type TaskOf, later, refusal } from '../task';

/** AddProcess: takes the name, and hands the exec to the container's lane. */
export function exec(task: TaskOf<'exec'>, context: Context): Outcome<'exec'> {
  const { id, processId } = task;
  const container = context.table.get(id);
  const takeover = container?.init.takeover;
  if (container === undefined || takeover === undefined) return refusal(new SupervisorError('container-not-found', { id }));
  if (findProcess(container, processId) !== undefined) {
    return refusal(new SupervisorError('process-exists', { id, processId }));
  }
  if (container.init.state !== 'running') {
    const detail = `cannot exec in a container that is ${container.init.state}`;
    return refusal(new SupervisorError('wrong-state', { id, processId }, { detail }));
  }
  if (!context.lanes.hasRoom) return refusal(new SupervisorError('busy', { id, processId }));
  if (context.publisher.backlog > 0) return refusal(new SupervisorError('log-unavailable', { id, processId }));
  const process = newProcess(processId);
  process.record = recordOf(task, container);
  process.takeover = { ...takeover, processId, dir: context.tools.stateDir.processDir(id, processId) };
  container.execs.set(processId, process);
  const { record, takeover: own } = process;
  context.lanes.run(id, () => work(task, { container, process, record, takeover: own }, context));
  return later;
}

interface Exec {
  readonly container: ContainerEntry;
  readonly process: ProcessEntry;
  readonly record: ProcessRecord;
  readonly takeover: Takeover;
}

async function work(task: TaskOf<'exec'>, exec: Exec, context: Context): Promise<void> {
  const { container, process, record, takeover } = exec;
  const beganMs = performance.now();
  try {
    await execProcess(context.tools, { record, takeover, shimSetting: container.record.shim }, task.cancel, async (executed) => {
      task.reply.resolve(await context.ask('commitExec', { container, process, executed }, task.cancel));
    });
    context.timings.record('exec-process-time', performance.now() - beganMs);
  } catch (error) {
    await context.ask('execFailed', { container, process });
    context.log.warn({ id: container.id, process: process.id, err: error }, 'process not started');
    task.reply.reject(error as Error);
  }
}

/** The request is the whole truth of an exec's process; what the shim needs comes from the container. */
function recordOf(task: TaskOf<'exec'>, container: ContainerEntry): ProcessRecord {
  return {
    spec: task.spec,
    exec: true,
    stdin: task.stdin,
    stdout: task.stdout,
    stderr: task.stderr,
    runtimeArgs: container.record.runtimeArgs,
    noPivotRoot: false,
    checkpoint: '',
    rootUid: container.init.record?.rootUid ?? 0,
    rootGid: container.init.record?.rootGid ?? 0,
  };
}
