import type { ContainerEntry } from './container';
import { eventOf } from './container-event';
import type { Context } from './context';
import type { EventLog } from './events/event-log';

/**
 * Tells of OOM kills that no event has told of yet: one event, however many were killed at once. Not before
 * the start is told, which is a container's first event. For the loop's handlers.
 *
 * The count goes into the log together with the event, so that a restart tells of a kill
 * that came meanwhile, and of none twice.
 */
export function tellOom(container: ContainerEntry, context: Context): void {
  const { id, init, oomKills: kills } = container;
  if (!init.isTold || kills <= container.oomKillsTold) return;
  container.oomKillsTold = kills;
  context.publisher.tell(eventOf(container, 'oom'), { name: factOf(id), value: `${init.startKey} ${kills} ${container.oomStalls}` });
  context.log.info({ id, kills }, 'out of memory in the container');
}

/**
 * The OOM kills that were told of before a restart, and those of them that were stalls.
 * @param startKey of the container's init process: another start of the same id had kills of its own
 */
export function oomTold(log: EventLog, id: string, startKey: string): { readonly kills: number; readonly stalls: number } {
  // Daemons of before knew no stalls.
  const [, key, kills, stalls = '0'] = /^(.*?) (\d+)(?: (\d+))?$/.exec(log.fact(factOf(id)) ?? '') ?? [];
  return key === startKey ? { kills: Number(kills), stalls: Number(stalls) } : { kills: 0, stalls: 0 };
}

/** The container is over. */
export function forgetOom(log: EventLog, id: string): void {
  log.dropFact(factOf(id));
}

function factOf(id: string): string {
  return `oom-kills ${id}`;
}
