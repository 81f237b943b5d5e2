import type { Records } from '../../../records/records';
import type { NewEvent } from '../../../supervisor/events/event';

/** Takes away what nothing keeps. */
export interface Collecting {
  /** Something has been deleted: a run begins in a moment. */
  soon(): void;
  /** A run that begins now, to its end. */
  run(): Promise<void>;
}

/** What the services of records are given. */
export interface RecordsFace {
  readonly records: Records;
  readonly collector: Collecting;
  /** Tells subscribers what has happened to a record, once it is on the disk. */
  readonly tell: (event: NewEvent) => void;
  /** Nanoseconds since 1970. */
  readonly nowNs: () => bigint;
}

/** An event of a record; its detail is the event's message in plain JSON, with the names of the API. */
export function recordEvent(type: NewEvent['type'], namespace: string, name: string, detail: Readonly<Record<string, unknown>>): NewEvent {
  return { type, namespace, containerId: name, processId: '', status: 0, startKey: '', detail };
}
