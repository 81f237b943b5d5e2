import { nearNames } from '../../runtime/text/near';
import type { TableReader } from './table-reader';

/** supervisord's types of events, those that stand for several among them. */
export const eventTypes = [
  'EVENT', 'PROCESS_STATE', 'PROCESS_STATE_STARTING', 'PROCESS_STATE_RUNNING', 'PROCESS_STATE_BACKOFF', 'PROCESS_STATE_STOPPING', 'PROCESS_STATE_EXITED',
  'PROCESS_STATE_STOPPED', 'PROCESS_STATE_FATAL', 'PROCESS_STATE_UNKNOWN', 'REMOTE_COMMUNICATION', 'PROCESS_LOG', 'PROCESS_LOG_STDOUT',
  'PROCESS_LOG_STDERR', 'PROCESS_COMMUNICATION', 'PROCESS_COMMUNICATION_STDOUT', 'PROCESS_COMMUNICATION_STDERR', 'SUPERVISOR_STATE_CHANGE',
  'SUPERVISOR_STATE_CHANGE_RUNNING', 'SUPERVISOR_STATE_CHANGE_STOPPING', 'TICK', 'TICK_5', 'TICK_60', 'TICK_3600', 'PROCESS_GROUP',
  'PROCESS_GROUP_ADDED', 'PROCESS_GROUP_REMOVED',
] as const;

/** What supervisord tells, and this daemon does not: each with why. */
const untold: readonly (readonly [beginning: string, why: string])[] = [
  ['PROCESS_LOG', 'what programs write is in their logs'],
  ['PROCESS_COMMUNICATION', 'what programs write is in their logs'],
  ['REMOTE_COMMUNICATION', 'there are no such messages'],
];

/** Why nobody is told of such an event here; undefined: who asks is. */
export function whyUntold(event: string): string | undefined {
  return untold.find(([beginning]) => event === beginning || event.startsWith(`${beginning}_`))?.[1];
}

/** Which events somebody is told of. */
export function readEvents(table: TableReader): readonly string[] {
  if (!table.has('events')) table.complain('contradiction', undefined, `${table.name}: events is missing`);
  const events = table.texts('events') ?? [];
  for (const event of events) {
    const why = whyUntold(event);
    if (why !== undefined) table.complain('bad-value', 'events', `${table.name}: events: nobody is told of ${event} here: ${why}`);
    if ((eventTypes as readonly string[]).includes(event)) continue;
    const [near] = nearNames(event, eventTypes);
    table.complain('bad-value', 'events', `${table.name}: events: unknown event ${JSON.stringify(event)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`);
  }
  return events;
}
