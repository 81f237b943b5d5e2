import { type ContainerEntry, isTold } from './container';
import type { Context } from './context';
import type { EventLog } from './event-log';

/**
 * Tells of OOM kills that no event has told of yet: one event, however many were killed at once. Not before
 * the start is told, which is a container's first event. For the loop's handlers.
 *
 * The count goes into the log together with the event, so that a restart tells of a kill
 * that came meanwhile, and of none twice.
 */
export function tellOom(container: ContainerEntry, context: Context): void {
  const { id, init, oomKills: kills } = container;
  if (!isTold(init) || kills <= container.oomKillsTold) return;
  container.oomKillsTold = kills;
  const event = { type: 'oom', containerId: id, processId: '', status: 0, startKey: '' } as const;
  context.publisher.tell(event, { name: factOf(id), value: `${init.startKey} ${kills}` });
  context.log.info({ id, kills }, 'out of memory in the container');
}

/**
 * The OOM kills that were told of before a restart.
 * @param startKey of the container's init process: another start of the same id had kills of its own
 */
export function oomKillsTold(log: EventLog, id: string, startKey: string): number {
  const [, key, kills] = /^(.*) (\d+)$/.exec(log.fact(factOf(id)) ?? '') ?? [];
  return key === startKey ? Number(kills) : 0;
}

/** The container is over. */
export function forgetOom(log: EventLog, id: string): void {
  log.dropFact(factOf(id));
}

function factOf(id: string): string {
  return `oom-kills ${id}`;
}
