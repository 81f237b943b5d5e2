import type { Labels } from './labels';

export interface LeaseRecord {
  readonly id: string;
  readonly labels: Labels;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
}

/** Something that a lease keeps. */
export interface LeaseResource {
  readonly type: string;
  readonly id: string;
}
