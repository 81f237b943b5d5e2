import { PROGRAMS_NAMESPACE } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { INIT } from '../../runtime/state-dir/layout';
import type { NamedHistoryEntry } from '../../records/history-record';
import type { Verb } from '../call';
import type { Event, HistoryRequest, HistoryResponse } from '../gen/holdfast/v1/events';
import { timestampOf } from './time';

const most = 10_000;

/** History: what is written down of programs' runs. */
export function history({ definitions }: ProgramParts): Verb<HistoryRequest, HistoryResponse> {
  return async ({ names, most: wanted }) => {
    const entries = await definitions.history(names, wanted === 0 ? most : Math.min(wanted, most));
    return { events: entries.map(eventOf) };
  };
}

function eventOf({ name, atNs, type, eventId: id, status: exitStatus, pid, by, detail }: NamedHistoryEntry): Event {
  return { id, time: timestampOf(atNs), type, namespace: PROGRAMS_NAMESPACE, container: name, name, process: INIT, exit_status: exitStatus, pid, by, detail };
}
