import type { Target } from '../worker/runtime/container-call';
import type { ContainerEntry } from './container';
import type { Context } from './context';
import { SupervisorError } from './errors';
import { type ProcessState, isAlive } from './process-state';

/** A container that runs (or is paused), with what the runtime needs to know of it. */
export interface Running {
  readonly container: ContainerEntry;
  readonly target: Target;
}

/**
 * Finds a container whose init process is in one of `states`.
 * @throws SupervisorError `container-not-found`, `wrong-state`, or `busy` where its lane is full
 */
export function findRunning(id: string, context: Context, states: readonly ProcessState[] = ['running', 'paused']): Running {
  const container = context.table.get(id);
  const takeover = container?.init.takeover;
  if (container === undefined || takeover === undefined || !isAlive(container.init.state)) {
    throw new SupervisorError('container-not-found', { id });
  }
  if (!states.includes(container.init.state)) {
    const detail = `the container is ${container.init.state}`;
    throw new SupervisorError('wrong-state', { id }, { detail });
  }
  if (!context.lanes.hasRoom) throw new SupervisorError('busy', { id });
  return { container, target: { takeover, runtimeArgs: container.record.runtimeArgs } };
}
