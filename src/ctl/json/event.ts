import type { Event } from '../../api/gen/holdfast/v1/events';
import { jsonTime } from '../text/moment';
import { type Schema, nullable, object } from './schema';

/** An event as `events` and `history` print it with --json. */
export function eventJson({ id, time, type, namespace, container, name, process, exit_status: status, pid, by, detail }: Event): object {
  return {
    id: Number(id),
    time: jsonTime(time),
    type,
    namespace,
    name: name === '' ? null : name,
    container: container === '' ? null : container,
    process: process === '' ? null : process,
    exit_status: type === 'exit' || type === 'delete' ? status : null,
    pid: pid === 0 ? null : pid,
    by: by === undefined ? null : { uid: by.uid, pid: by.pid },
    detail: detail === '' ? null : (JSON.parse(detail) as unknown),
  };
}

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;

export const eventSchema: Schema = object({
  id: whole,
  time: text,
  type: text,
  namespace: text,
  name: nullable(text),
  container: nullable(text),
  process: nullable(text),
  exit_status: nullable(whole),
  pid: nullable(whole),
  by: nullable(object({ uid: whole, pid: whole })),
  detail: {},
});
