import type { Labels } from './labels';

/** A client's value that nobody here looks into: given back byte for byte. */
export interface OpaqueValue {
  readonly type: string;
  readonly value: Uint8Array;
}

/** What a client wants to run: kept until it is deleted. */
export interface ContainerRecord {
  readonly id: string;
  readonly labels: Labels;
  readonly image: string;
  readonly runtime: { readonly name: string; readonly options: OpaqueValue | undefined };
  readonly spec: OpaqueValue | undefined;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly sandbox: string;
  readonly extensions: ReadonlyMap<string, OpaqueValue>;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}
