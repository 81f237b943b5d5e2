import { faultPoint } from '../../../sys/fault';
import type { Context } from '../../context';
import { watchProcess } from '../../process-watch';
import { transition } from '../../process-state';
import { type Outcome, type TaskOf, done } from '../../task';

/** A start has come as far as a waiting init process: its end and its OOMs are watched from here on. */
export function created(task: TaskOf<'created'>, context: Context): Outcome<'created'> {
  const { container, created: it } = task;
  const { init } = container;
  container.record = it.record;
  init.state = transition(init.state, 'created');
  init.record = it.process;
  init.takeover = it.takeover;
  init.shim = it.shim;
  faultPoint('daemon.start.before-watch');
  watchProcess(container, init, it.handle, context);
  if (task.cgroup !== undefined) container.cgroup = task.cgroup;
  if (task.oom !== undefined) {
    // A cgroup that was there before counts the kills of others too.
    container.oomKillsTold = task.oom.kills;
    context.monitor.watchOom(container.id, task.oom);
  }
  return done;
}
