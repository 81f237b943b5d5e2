import { canKillFrozen, readFreezerState, thaw } from '../runtime/cgroups/freezer';
import { RuntimeError } from '../runtime/errors';
import { type ContainerEntry, type ProcessEntry, allProcesses } from './container';
import { eventOf } from './container-event';
import type { Context } from './context';
import { canBe, isAlive, transition } from './process-state';

/** The container is paused. For the loop's handlers, like all but `followFreezer`. */
export function containerPaused(container: ContainerEntry, context: Context): void {
  const { init } = container;
  // Its end may have come in between: then there is nothing to say.
  if (!canBe(init.state, 'paused')) return;
  init.state = transition(init.state, 'paused');
  context.publisher.tell(eventOf(container, 'pause'));
  // A kill that came while the runtime froze the container has not taken effect yet.
  for (const process of allProcesses(container)) {
    if (process.killed === true && isAlive(process.state)) letDie(container, process, context);
  }
}

/** The container is resumed. */
export function containerResumed(container: ContainerEntry, context: Context): void {
  const { init } = container;
  if (!canBe(init.state, 'resumed')) return;
  init.state = transition(init.state, 'resumed');
  context.publisher.tell(eventOf(container, 'resume'));
}

/**
 * `process` of a paused container has been sent SIGKILL. Where a frozen process does not die of it (cgroup
 * version 1) the container is thawed; if another than its first process was meant, it runs on and that is told.
 */
export function letDie(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  const { cgroup, init } = container;
  if (cgroup === undefined || init.state !== 'paused' || canKillFrozen(cgroup)) return;
  try {
    thaw(cgroup);
  } catch (error) {
    // It has ended by itself just now.
    if (isGone(error)) return;
    throw error;
  }
  if (process !== init) containerResumed(container, context);
}

/**
 * The runtime failed to pause or to resume, or was cut off on its way: what it has done all the same, the
 * kernel knows. For work beside the loop. Never rejects.
 */
export async function followFreezer(container: ContainerEntry, context: Context): Promise<void> {
  if (container.cgroup === undefined) return;
  try {
    const isPaused = readFreezerState(container.cgroup) === 'paused';
    await context.ask(isPaused ? 'paused' : 'resumed', { container });
  } catch (error) {
    if (isGone(error)) return;
    context.log.warn({ id: container.id, err: error }, 'whether the container is paused cannot be read');
  }
}

function isGone(error: unknown): boolean {
  return error instanceof RuntimeError && error.code === 'gone';
}
