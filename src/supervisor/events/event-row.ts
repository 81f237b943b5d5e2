import type { EventDetail, EventType, StoredEvent } from './event';

/** A row of the events, as SQLite gives it with safe integers. */
export interface EventRow {
  /** Null while an end is recorded and not told. */
  readonly told_ns: bigint | null;
  readonly type: string;
  readonly namespace: string;
  readonly container: string;
  readonly process: string;
  readonly status: bigint;
  readonly start_key: string;
  readonly pid: bigint | null;
  readonly exited_ns: bigint | null;
  /** Text is JSON. */
  readonly detail: Uint8Array | string | null;
  /** Null where `told_ns` is. */
  readonly event_id: bigint | null;
  readonly by_uid: bigint | null;
  readonly by_pid: bigint | null;
}

export function toEvent(row: EventRow): StoredEvent {
  return {
    timestampNs: row.told_ns ?? 0n,
    eventId: row.event_id ?? 0n,
    type: row.type as EventType,
    namespace: row.namespace,
    containerId: row.container,
    processId: row.process,
    status: Number(row.status),
    startKey: row.start_key,
    ...(row.pid === null ? {} : { pid: Number(row.pid) }),
    ...(row.exited_ns === null ? {} : { exitedAtNs: row.exited_ns }),
    ...(row.detail === null ? {} : { detail: detailOf(row.detail) }),
    ...(row.by_uid === null ? {} : { by: { uid: Number(row.by_uid), pid: Number(row.by_pid ?? 0n) } }),
  };
}

function detailOf(column: Uint8Array | string): EventDetail {
  return typeof column === 'string' ? (JSON.parse(column) as EventDetail) : column;
}
