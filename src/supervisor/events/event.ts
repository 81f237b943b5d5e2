/** Events that clients of the legacy API see; meaning and order are those of the contract (docs/api.md). */
export type LegacyEventType = 'start-container' | 'start-process' | 'exit' | 'pause' | 'resume' | 'oom' | 'live';

/** Events of tasks that are kept until they are deleted; the other faces tell them beside the legacy ones. */
export type TaskEventType = 'create' | 'exec-added' | 'delete' | 'checkpointed';

/** What happened to records. `containerId` is the record's name; empty for all but containers. */
export type RecordEventType = `${'container' | 'namespace' | 'image'}-${'create' | 'update' | 'delete'}` | `snapshot-${'prepare' | 'commit' | 'remove'}` | 'content-delete';

/** Somebody has asked for it, through our own API: told before it is done. */
export type RequestEventType = 'start' | 'stop' | 'signal' | 'remove' | 'update' | 'reload' | 'clear';

/** What becomes of a program that files define, beside its runs. */
export type ManagedEventType = 'backoff' | 'fatal' | 'health';

/** Of all faces. A `published` one is a client's own: only its `detail` says what it is. */
export type EventType = LegacyEventType | TaskEventType | RecordEventType | RequestEventType | ManagedEventType | 'published';

/** What an event says beside its own fields, for the faces that tell it: plain JSON, or bytes that come back as they were. */
export type EventDetail = Uint8Array | { readonly [name: string]: unknown };

/** A client, as the kernel names who holds the other end of its socket. */
export interface Peer {
  readonly uid: number;
  readonly pid: number;
}

/** An event before it is told. */
export interface NewEvent {
  readonly type: EventType;
  /** `legacy` where it is left out. */
  readonly namespace?: string;
  readonly containerId: string;
  /** The client's name of the process, `init` for the container's first; empty where it has none. */
  readonly processId: string;
  /** Exit status; 0 for all but `exit` and `delete`. */
  readonly status: number;
  /** Identifies one start of a process (see `startKeyOf`); empty where it has none. */
  readonly startKey: string;
  /** Of the process, on the host. */
  readonly pid?: number;
  /** When the process ended, where that is known: nanoseconds since 1970. */
  readonly exitedAtNs?: bigint;
  readonly detail?: EventDetail;
  /** Who asked for what happened, where somebody did and is known. */
  readonly by?: Peer;
}

/** An event in the log, told to subscribers. */
export interface StoredEvent extends NewEvent {
  readonly namespace: string;
  /** Nanoseconds since 1970, strictly increasing from event to event, also over restarts: the cursor of a subscriber. */
  readonly timestampNs: bigint;
  /** From 1, rising from event to event as long as there is the log; for people, and for clients that go on where they stopped. */
  readonly eventId: bigint;
}

/** Which end of all: in the log at most once. */
export interface EndName {
  /** `legacy` where it is left out. */
  readonly namespace?: string;
  readonly containerId: string;
  readonly processId: string;
  readonly startKey: string;
}

/** An `exit` that is in the log, and not told yet: what the process left may still have to be removed. */
export interface RecordedEnd extends EndName {
  readonly status: number;
  readonly pid?: number;
  readonly exitedAtNs?: bigint;
  readonly detail?: EventDetail;
}

/** Found in the log by a restart. */
export interface UntoldEnd extends RecordedEnd {
  readonly namespace: string;
}

const legacyTypes: ReadonlySet<string> = new Set<LegacyEventType>(['start-container', 'start-process', 'exit', 'pause', 'resume', 'oom', 'live']);

/** Whether the legacy API has events of this type. */
export function isLegacyType(type: string): type is LegacyEventType {
  return legacyTypes.has(type);
}

/** Where an end stands that is recorded (again). */
export type EndProgress = 'recorded' | 'already-recorded' | 'already-told';

/** Something that is kept beside the events, under a name of its own. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A place in the events of a namespace's tasks that outlives the connections of whoever reads them. */
export interface StoredSubscription {
  readonly name: string;
  readonly namespace: string;
  /** Everything up to here has been sent. */
  readonly cursorNs: bigint;
  /** The process that read last, where that is known. */
  readonly client?: string | undefined;
}

/** A start that was told. */
export interface ToldStart {
  readonly startKey: string;
  /** Its end is in the log, told or not. */
  readonly hasEnded: boolean;
}

/** Which events are asked for: all, those of a namespace, or those of one container. */
export interface EventSelection {
  /** All where it is left out; `legacy` where only a container is named. */
  readonly namespace?: string;
  readonly containerId?: string;
}
