import type { Labels } from '../../records/labels';
import type { Descriptor } from '../descriptor';
import type { Mount } from '../mount';

export interface DiffOptions {
  /** Empty: `application/vnd.oci.image.layer.v1.tar+gzip`. */
  readonly mediaType?: string;
  /** The ref that its blob is written under; empty: one of its own. */
  readonly ref?: string;
  readonly labels?: Labels;
  readonly lease?: string | undefined;
  /** What is newer bears this time, and what is gone: seconds since 1970. Undefined: now, and as it is. */
  readonly epochSeconds?: number | undefined;
  /** Ends the work. */
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyOptions {
  /** Whether it is on the disk when it is done. */
  readonly sync?: boolean;
  /** Ends the work; what has been unpacked until then stays. */
  readonly signal?: AbortSignal | undefined;
}

/** Layers as archives: unpacked into snapshots, and made of them. */
export interface DiffService {
  /** Unpacks a blob upon mounts. @returns what it was unpacked: media type, digest and size of the archive without compression @throws ImagesError */
  apply(namespace: string, layer: Descriptor, mounts: readonly Mount[], options?: ApplyOptions): Promise<Descriptor>;
  /** Writes what `right` has other than `left` as a blob. @throws ImagesError */
  diff(namespace: string, left: readonly Mount[], right: readonly Mount[], options?: DiffOptions): Promise<Descriptor>;
}
