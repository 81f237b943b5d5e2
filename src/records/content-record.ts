import type { Labels } from './labels';

/** A blob, as one namespace sees it. */
export interface ContentRecord {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly labels: Labels;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

/** A blob on its way in: its bytes so far lie in a file. */
export interface IngestRecord {
  readonly ref: string;
  /** Bytes that are to come, as was announced; 0: not known. */
  readonly total: number;
  /** The digest that was announced; empty: none. */
  readonly expected: string;
  readonly startedNs: bigint;
}
