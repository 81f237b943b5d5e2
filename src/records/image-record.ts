import type { Labels } from './labels';

/** A name for a blob, which need not be there. */
export interface ImageRecord {
  readonly name: string;
  readonly labels: Labels;
  readonly target: {
    readonly mediaType: string;
    readonly digest: string;
    /** Bytes. */
    readonly size: number;
    readonly annotations: ReadonlyMap<string, string>;
  };
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}
