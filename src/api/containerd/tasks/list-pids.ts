import { RuntimeError } from '../../../runtime/errors';
import { readPids } from '../../../runtime/cgroups/pids';
import { INIT } from '../../../runtime/state-dir/layout';
import type { ContainerView } from '../../../supervisor/container';
import { isAlive } from '../../../supervisor/process-state';
import type { ListPidsRequest, ListPidsResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import { ProcessDetails } from '../../gen/containerd/runtimes/runc-options';
import type { ProcessInfo } from '../../gen/containerd/types/task';
import type { Verb } from '../../call';
import type { TasksFace } from './face';
import { findTask } from './find-task';

/** ListPids: every process of the container, by its pid on the host; exec'd ones with their ids. */
export function listPids(face: TasksFace): Verb<ListPidsRequest, ListPidsResponse> {
  return async ({ container_id: id }, info) => {
    const { view } = await findTask(face, id, info);
    const execs = new Map(view.processes.filter((process) => process.id !== INIT).map((process) => [process.systemPid, process.id]));
    return { processes: pidsOf(view).map((pid) => infoOf(pid, execs.get(pid))) };
  };
}

function infoOf(pid: number, execId: string | undefined): ProcessInfo {
  if (execId === undefined) return { pid, info: undefined };
  return { pid, info: { type_url: 'containerd.runc.v1.ProcessDetails', value: ProcessDetails.encode({ exec_id: execId }).finish() } };
}

/** A container that ends while it is looked at has none. */
function pidsOf({ state, cgroup }: ContainerView): number[] {
  if (cgroup === undefined || !isAlive(state)) return [];
  try {
    return readPids(cgroup);
  } catch (error) {
    if (error instanceof RuntimeError) return [];
    throw error;
  }
}
