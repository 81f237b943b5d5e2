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

/** Which events somebody is told of. */
export function readEvents(table: TableReader): readonly string[] {
  if (!table.has('events')) table.complain('contradiction', undefined, `${table.name}: events is missing`);
  const events = table.texts('events') ?? [];
  for (const event of events) {
    if ((eventTypes as readonly string[]).includes(event)) continue;
    const [near] = nearNames(event, eventTypes);
    table.complain('bad-value', 'events', `${table.name}: events: unknown event ${JSON.stringify(event)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`);
  }
  return events;
}
