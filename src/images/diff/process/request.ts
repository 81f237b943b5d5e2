import type { Mount } from '../../mount';
import type { LayerLimits } from '../apply/limits';

/** How an archive is packed. */
export type Packing = 'plain' | 'gzip';

/** What the process of layers is asked for, as JSON in its only argument. Descriptor 3 is the blob, or where the archive goes. */
export type LayerRequest =
  | {
      readonly verb: 'apply';
      readonly mounts: readonly Mount[];
      /** Whether it is looked how the blob is packed; else it is not packed. */
      readonly isPacked: boolean;
      readonly limits: LayerLimits;
      /** Whether all of it is to be on the disk. */
      readonly sync: boolean;
      /** Directories to mount on, in a mount namespace of its own: of each the daemon has one, for all. */
      readonly places: readonly [string, string];
    }
  | {
      readonly verb: 'compare';
      readonly left: readonly Mount[];
      readonly right: readonly Mount[];
      readonly packing: Packing;
      /** The time that what is gone bears, seconds since 1970; files newer than that bear it too. Undefined: now. */
      readonly epochSeconds: number | undefined;
      readonly places: readonly [string, string];
    }
  | ReadRequest;

/** Small files of what mounts show, asked for by their paths in it: those that are none, or too long, are left out. */
export interface ReadRequest {
  readonly verb: 'read';
  readonly mounts: readonly Mount[];
  readonly paths: readonly string[];
  readonly places: readonly [string, string];
}

/** Its last word, as JSON on its stdout. */
export type LayerAnswer =
  | {
      readonly is: 'done';
      /** Of the archive, not packed. */
      readonly digest: string;
      readonly size: number;
      /** Extended attributes that were left out, by name: the file system does not have them, or they are overlayfs' own. */
      readonly skipped: readonly string[];
    }
  | { readonly is: 'read'; readonly files: Readonly<Record<string, string>> }
  | { readonly is: 'failed'; readonly message: string };
