import { type ContainerEntry, type ProcessEntry, newContainer, newProcess } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import type { RecoveredProcess } from '../../restore/recovered';
import { letInputEnd } from '../../let-input-end';
import { transition } from '../../process-state';
import { watchProcess } from '../../process-watch';
import { adopt, shimDied } from '../../shim-death';
import { type Outcome, type TaskOf, done } from '../../task';
import { toldFact } from '../../told-process';
import { addExec, takeUpEnd } from '../../untold-end';

/**
 * A container that a restart has found: it is in the table again, its processes
 * watched. An end that came meanwhile is a hang-up that the watch reports at once;
 * a process whose shim is gone gets another, which also tells its end if it has one.
 */
export function recovered(task: TaskOf<'recovered'>, context: Context): Outcome<'recovered'> {
  const { container: found } = task;
  const container = newContainer(found.id, found.record);
  // Who waits for the end of one that was held back.
  for (const waiter of context.table.get(found.id)?.init.waiters ?? []) container.init.waiters.add(waiter);
  context.table.set(found.id, container);
  if (found.cgroup !== undefined) container.cgroup = found.cgroup;
  container.oomKillsTold = found.oomKillsTold;
  container.oomStalls = found.oom?.stalls ?? 0;
  if (found.oom !== undefined) context.monitor.watchOom(found.id, found.oom);
  takeUp(container, container.init, found.init, context, !found.isCreated);
  if (found.isStartUntold) tellStart(container, context);
  if (found.isPaused && !found.isCreated) container.init.state = transition(container.init.state, 'paused');
  for (const exec of found.execs) {
    takeUp(container, addExec(container, exec.id), exec, context);
  }
  for (const { id, record, takeover } of found.registered) {
    container.execs.set(id, Object.assign(newProcess(id, 'registered'), { isTold: true, record, takeover }));
  }
  for (const untold of found.untoldEnds) takeUpEnd(container, addExec(container, untold.end.processId), untold, context);
  // After the whole container is in the table: its own end waits for its exec'd processes'.
  for (const exec of found.execs) endOrAdopt(container, container.execs.get(exec.id), exec, context);
  endOrAdopt(container, container.init, found.init, context);
  return done;
}

function takeUp(container: ContainerEntry, process: ProcessEntry, found: RecoveredProcess, context: Context, isStarted = true): void {
  process.state = transition(process.state, 'created');
  if (isStarted) process.state = transition(process.state, 'started');
  process.isTold = true;
  process.record = found.record;
  process.takeover = found.takeover;
  if (found.shim !== undefined) process.shim = found.shim;
  watchProcess(container, process, found.handle, context);
  void letInputEnd(process);
}

/** The daemon before was killed after the runtime's `start`, before it could tell. */
function tellStart(container: ContainerEntry, context: Context): void {
  const { id, init } = container;
  const { startKey, systemPid: pid } = init;
  context.publisher.tell(eventOf(container, 'start-container', { startKey, pid }), toldFact(id, init.id, { startKey, stage: 'started' }));
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
