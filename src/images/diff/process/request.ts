import type { Mount } from '../../mount';
import type { LayerLimits } from '../apply/limits';

/** How an archive is packed. */
export type Packing = 'plain' | 'gzip';

/** What the process of layers is asked for, as JSON: in its only argument, or, where that is `-`, in lines of its stdin, which are layers to be unpacked. */
export type LayerRequest =
  | ApplyRequest
  | CompareRequest
  | ReadRequest;

/** A layer to be unpacked. */
export interface ApplyRequest {
  readonly verb: 'apply';
  /** Path of the blob. */
  readonly blob: string;
  readonly mounts: readonly Mount[];
  /** Whether it is looked how the blob is packed; else it is not packed. */
  readonly isPacked: boolean;
  readonly limits: LayerLimits;
  /** Whether all of it is to be on the disk. */
  readonly sync: boolean;
  /** Directories to mount on, in a mount namespace of its own: of each the daemon has one, for all. */
  readonly places: readonly [string, string];
}

/** A layer to be made; descriptor 3 is where it goes. */
export interface CompareRequest {
  readonly verb: 'compare';
  readonly left: readonly Mount[];
  readonly right: readonly Mount[];
  readonly packing: Packing;
  /** The time that what is gone bears, seconds since 1970; files newer than that bear it too. Undefined: now. */
  readonly epochSeconds: number | undefined;
  readonly places: readonly [string, string];
}

/** Small files of what mounts show, asked for by their paths in it: those that are none, or too long, are left out. */
export interface ReadRequest {
  readonly verb: 'read';
  readonly mounts: readonly Mount[];
  readonly paths: readonly string[];
  readonly places: readonly [string, string];
}

/** What it says to a request, as a line of JSON on its stdout. */
export type LayerAnswer =
  | {
      readonly is: 'done';
      /** Of the archive, not packed. */
      readonly digest: string;
      readonly size: number;
      /** Extended attributes that were left out, by name: the file system does not have them, or they are overlayfs' own. */
      readonly skipped: readonly string[];
      /** It has made mounts, which another layer is not to see: it ends. */
      readonly isOver?: boolean;
    }
  | { readonly is: 'read'; readonly files: Readonly<Record<string, string>> }
  | { readonly is: 'failed'; readonly message: string };
