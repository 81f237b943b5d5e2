import { constants } from 'node:os';
import type { ProgramParts } from '../programs/parts';
import { INIT } from '../runtime/state-dir/layout';
import type { ContainerView } from '../supervisor/container';
import { isAlive } from '../supervisor/process-state';
import { within } from '../sys/within';

const { SIGKILL, SIGTERM } = constants.signals;
/** As a stop gives a program where nothing else is said. */
const waitMs = 10_000;

/** Ends all containers, of all namespaces: SIGTERM, and after ten seconds SIGKILL. What is wanted of them is the same as before. */
export async function endEverything({ supervisor, log }: ProgramParts): Promise<void> {
  const views = (await supervisor.request('getContainers', { id: '' })).filter(({ state }) => isAlive(state));
  await Promise.all(views.map(async (view) => {
    try {
      await end(supervisor, view);
    } catch (error) {
      log.error({ id: view.id, err: error }, 'what is to end with the daemon cannot be ended');
    }
  }));
}

async function end(supervisor: ProgramParts['supervisor'], { id, state }: ContainerView): Promise<void> {
  const target = { id, processId: INIT };
  const ended = supervisor.request('wait', target);
  // Where the signal cannot be sent, nobody waits for it.
  ended.catch(() => undefined);
  await supervisor.request('signal', { ...target, signal: SIGTERM });
  // What is frozen hears no signal before it is thawed.
  if (state === 'paused') await supervisor.request('resume', { id });
  await within(waitMs, ended, undefined);
  await supervisor.request('signal', { ...target, signal: SIGKILL }).catch(() => undefined);
  await ended;
}
