/** The events that clients see; meaning and order are those of the contract (docs/api.md). */
export type EventType = 'start-container' | 'start-process' | 'exit' | 'pause' | 'resume' | 'oom' | 'live';

/** An event before it is told. */
export interface NewEvent {
  readonly type: EventType;
  readonly containerId: string;
  /** The client's name of the process, `init` for the container's first; empty where it has none. */
  readonly processId: string;
  /** Exit status; 0 for all but `exit`. */
  readonly status: number;
  /** Identifies one start of a process (see `startKeyOf`); empty where it has none. */
  readonly startKey: string;
}

/** An event in the log, told to subscribers. */
export interface StoredEvent extends NewEvent {
  /** Nanoseconds since 1970, strictly increasing from event to event: the cursor of a subscriber. */
  readonly timestampNs: bigint;
}

/** An `exit` that is in the log, while the removal of what the process left is still to be done. */
export interface RecordedEnd {
  readonly containerId: string;
  readonly processId: string;
  readonly status: number;
  readonly startKey: string;
}
