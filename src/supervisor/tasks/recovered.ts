import { type ContainerEntry, type ProcessEntry, newContainer, newProcess } from '../container';
import type { Context } from '../context';
import type { RecoveredProcess } from '../recovered';
import { transition } from '../process-state';
import { watchProcess } from '../process-watch';
import { adopt, shimDied } from '../shim-death';
import { type Outcome, type TaskOf, done } from '../task';

/**
 * A container that a restart has found: it is in the table again, its processes
 * watched. An end that came meanwhile is a hang-up that the watch reports at once;
 * a process whose shim is gone gets another, which also tells its end if it has one.
 */
export function recovered(task: TaskOf<'recovered'>, context: Context): Outcome<'recovered'> {
  const { container: found } = task;
  const container = newContainer(found.id, found.record);
  context.table.set(found.id, container);
  if (found.cgroup !== undefined) container.cgroup = found.cgroup;
  container.oomKillsTold = found.oomKillsTold;
  if (found.oom !== undefined) context.monitor.watchOom(found.id, found.oom);
  takeUp(container, container.init, found.init, context);
  if (found.isPaused) container.init.state = transition(container.init.state, 'paused');
  for (const exec of found.execs) {
    const process = newProcess(exec.id);
    container.execs.set(exec.id, process);
    takeUp(container, process, exec, context);
  }
  // After the whole container is in the table: its own end waits for its exec'd processes'.
  for (const exec of found.execs) endOrAdopt(container, container.execs.get(exec.id), exec, context);
  endOrAdopt(container, container.init, found.init, context);
  return done;
}

function takeUp(container: ContainerEntry, process: ProcessEntry, found: RecoveredProcess, context: Context): void {
  process.state = transition(transition(process.state, 'created'), 'started');
  process.record = found.record;
  process.takeover = found.takeover;
  if (found.shim !== undefined) process.shim = found.shim;
  watchProcess(container, process, found.handle, context);
}

function endOrAdopt(
  container: ContainerEntry,
  process: ProcessEntry | undefined,
  found: RecoveredProcess,
  context: Context,
): void {
  if (process?.watched === undefined || found.isServed) return;
  // Nobody holds the FIFO, so its hang-up may never come: what happened is told from the facts.
  if (found.isOver) {
    context.monitor.reportNow(process.watched);
  } else {
    context.monitor.unwatchExit(process.watched);
    // Its shim lives, and holds FIFOs that are not in the directory any more.
    if (found.shim !== undefined) adopt(process, context, found.shim);
    else shimDied(container, process, context);
  }
}
