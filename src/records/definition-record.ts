import type { Definition } from './definition';

/** A client, as the kernel names who holds the other end of its socket. */
export interface Requester {
  readonly uid: number;
  readonly pid: number;
}

/** What somebody has asked for last: that it be up, or down. */
export interface Wish {
  readonly up: boolean;
  /** Nanoseconds since 1970. */
  readonly sinceNs: bigint;
  readonly by: Requester | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly endedNs: bigint;
  /** 0 to 255. */
  readonly status: number;
  readonly outOfMemory: boolean;
  /** 0 where that is not known. */
  readonly ranNs: bigint;
  /** Nobody saw its end: why. */
  readonly unknown: string | undefined;
}

/** An end that is to be written down. */
export interface NewEnd {
  readonly endedNs: bigint;
  readonly status: number;
  /** Undefined: from its start to its end. */
  readonly ranNs: bigint | undefined;
  readonly unknown: string | undefined;
}

/** What is remembered under a name. */
export interface DefinitionRecord {
  readonly name: string;
  readonly definition: Definition;
  readonly createdNs: bigint;
  readonly wish: Wish | undefined;
  /** A stop is under way: SIGKILL is due then. */
  readonly stopDeadlineNs: bigint | undefined;
  /** Why its last start failed. */
  readonly failure: string | undefined;
  /** Its start has been told, and its end has not. */
  readonly isUp: boolean;
  /** Of the boot that it was started in; empty before its first start. */
  readonly bootId: string;
  readonly startedNs: bigint | undefined;
  /** Processes of the run were killed for want of memory. */
  readonly outOfMemory: boolean;
  readonly lastEnd: RunEnd | undefined;
}
