import type { Requester } from './definition-record';

/** What happened to a program: its starts, ends, and pauses. */
export interface HistoryEntry {
  /** When it was told: nanoseconds since 1970, another time for each entry of a program. */
  readonly atNs: bigint;
  /** The event's: `start-container`, `exit`, `oom`, `backoff`, `fatal`. */
  readonly type: string;
  /** In the event log of that time; 0 for what is in none. */
  readonly eventId: bigint;
  /** Of an exit: 0 to 255. */
  readonly status: number;
  /** 0: none. */
  readonly pid: number;
  readonly by: Requester | undefined;
  /** More, as JSON; empty where there is none. */
  readonly detail: string;
}

export interface NamedHistoryEntry extends HistoryEntry {
  /** The program's. */
  readonly name: string;
}
