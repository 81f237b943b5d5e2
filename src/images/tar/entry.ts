import type { ByteText, DeviceNumber } from '../../sys/files/rooted-directory';

/** Kinds of entries that become files, by the format's type flags (tar(5) of libarchive; POSIX.1-2017, pax). */
export type EntryKind = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** One entry of a tar archive, with what extended headers say of it. */
export interface TarEntry {
  readonly kind: EntryKind;
  /** As it is in the archive: it may be absolute, and have `..` in it. */
  readonly path: ByteText;
  /** Of a link, in the archive (`link`) or as it is to be (`symlink`); else empty. */
  readonly linkPath: ByteText;
  /** Bytes of a file as it is to be, its holes included; 0 for all else. */
  readonly size: number;
  /** Permissions and the three bits beside them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly device: DeviceNumber;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  readonly accessedNs: bigint | undefined;
  /** Extended attributes (`SCHILY.xattr.`), bytes as they came. */
  readonly attributes: ReadonlyMap<ByteText, Buffer>;
}

/** An archive that is not one, or goes past a bound. */
export class TarError extends Error {
  /** @param code `limit`: it is more than is taken */
  constructor(message: string, readonly code: 'malformed' | 'limit' = 'malformed') {
    super(message);
    this.name = 'TarError';
  }
}

/** Size of the format's blocks. */
export const BLOCK = 512;
