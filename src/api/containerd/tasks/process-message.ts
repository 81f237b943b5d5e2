import { INIT } from '../../../runtime/state-dir/layout';
import { nameOf } from '../../../runtime/state-dir/container-key';
import type { ContainerView, ProcessView } from '../../../supervisor/container';
import type { ProcessState } from '../../../supervisor/process-state';
import { type Process, Status } from '../../gen/containerd/types/task';
import { timestampOf } from '../time';

const statuses: Readonly<Record<ProcessState, Status>> = {
  registered: Status.CREATED,
  creating: Status.CREATED,
  created: Status.CREATED,
  running: Status.RUNNING,
  paused: Status.PAUSED,
  stopped: Status.STOPPED,
};

/** A task's process as the message. */
export function processMessage(view: ContainerView, process: ProcessView): Process {
  const { record, end } = process;
  return {
    container_id: '',
    id: process.id === INIT ? nameOf(view.id).id : process.id,
    pid: process.systemPid,
    status: statuses[process.state],
    stdin: record?.stdin ?? '',
    stdout: record?.stdout ?? '',
    stderr: record?.stderr ?? '',
    terminal: record?.spec.terminal === true,
    exit_status: end?.status ?? 0,
    exited_at: timestampOf(end?.exitedAtNs),
  };
}
