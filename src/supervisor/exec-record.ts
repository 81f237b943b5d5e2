import type { ProcessRecord } from '../runtime/state-dir/process-file';
import { type ContainerEntry, type ProcessEntry, findProcess, newProcess } from './container';
import type { Context } from './context';
import { SupervisorError } from './errors';
import type { ExecTask } from './task';

/** The request is the whole truth of an exec's process; what the shim needs comes from the container. */
export function execRecordOf(task: ExecTask, container: ContainerEntry): ProcessRecord {
  const output = task.keepsOutput === true ? container.init.record?.output : undefined;
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
    ...(output === undefined ? {} : { output }),
    ...(task.isQuiet === true ? { isQuiet: true } : {}),
  };
}

/** An exec whose name is taken, with what its worker needs. */
export interface NewExec {
  readonly container: ContainerEntry;
  readonly process: ProcessEntry;
  readonly record: ProcessRecord;
  readonly takeover: NonNullable<ProcessEntry['takeover']>;
}

/**
 * Takes the name of an exec'd process. For the loop's handlers.
 * @param state how it begins: to be started at once, or later
 * @throws SupervisorError where the container does not run, or the name is taken
 */
export function takeExecName(task: ExecTask, state: 'creating' | 'registered', context: Context): NewExec {
  const { id, processId } = task;
  const container = context.table.get(id);
  const own = container?.init.takeover;
  if (container === undefined || own === undefined) throw new SupervisorError('container-not-found', { id });
  if (findProcess(container, processId) !== undefined) throw new SupervisorError('process-exists', { id, processId });
  const { init } = container;
  const states = container.isKept ? ['created', 'running'] : ['running'];
  if (!states.includes(init.state)) {
    const detail = container.isKept ? `cannot exec in a ${init.state} state` : `cannot exec in a container that is ${init.state}`;
    throw new SupervisorError('wrong-state', { id, processId }, { detail });
  }
  if (!context.lanes.hasRoom) throw new SupervisorError('busy', { id, processId });
  if (context.publisher.backlog > 0) throw new SupervisorError('log-unavailable', { id, processId });
  const process = newProcess(processId, state);
  const record = execRecordOf(task, container);
  const takeover = { ...own, processId, dir: context.tools.stateDir.processDir(id, processId) };
  process.record = record;
  process.takeover = takeover;
  container.execs.set(processId, process);
  return { container, process, record, takeover };
}
