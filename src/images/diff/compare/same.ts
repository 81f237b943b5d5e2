import { closeSync, readSync } from 'node:fs';
import type { FoundName } from '../../../sys/files/cached-name';
import type { ByteText, HeldNames } from '../../../sys/files/rooted-directory';

export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;
export const S_IFSOCK = 0o140000;

export const CAPABILITY = 'security.capability';

const PIECE = 256 * 1024;
const NS_PER_S = 1_000_000_000n;

/** A name in a directory, and what the kernel says of it. */
export interface Seen {
  readonly directory: HeldNames;
  readonly name: ByteText;
  readonly facts: FoundName;
}

export function isKind({ facts }: Seen, kind: number): boolean {
  return (facts.mode & S_IFMT) === kind;
}

/**
 * Whether two files are one and the same to who sees them: kind, permissions, owner, device and capabilities, and of all but directories size and time. Times without
 * a part of a second may have been cut off by an archive: there the content counts. @throws SysError
 */
export function isSame(one: Seen, other: Seen): boolean {
  const [a, b] = [one.facts, other.facts];
  if (a.device === b.device && a.inode === b.inode) return true;
  if (a.mode !== b.mode || a.ownerId !== b.ownerId || a.groupId !== b.groupId || a.deviceNumber !== b.deviceNumber) return false;
  if (!hasSameCapabilities(one, other)) return false;
  if (isKind(one, S_IFDIR)) return true;
  if (a.size !== b.size || a.modifiedNs !== b.modifiedNs) return false;
  if (a.modifiedNs % NS_PER_S !== 0n) return true;
  if (isKind(one, S_IFLNK)) return one.directory.readLink(one.name) === other.directory.readLink(other.name);
  return a.size === 0 || !isKind(one, S_IFREG) || hasSameContent(one, other);
}

function hasSameCapabilities(one: Seen, other: Seen): boolean {
  const [a, b] = [one, other].map((seen) => seen.directory.attribute(seen.name, CAPABILITY));
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function hasSameContent(one: Seen, other: Seen): boolean {
  const oneFd = one.directory.openFile(one.name);
  try {
    const otherFd = other.directory.openFile(other.name);
    try {
      const [a, b] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
      for (let at = 0; ; at += PIECE) {
        const read = readWhole(oneFd, a, at);
        if (read !== readWhole(otherFd, b, at) || !a.subarray(0, read).equals(b.subarray(0, read))) return false;
        if (read < PIECE) return true;
      }
    } finally {
      closeSync(otherFd);
    }
  } finally {
    closeSync(oneFd);
  }
}

function readWhole(fd: number, into: Buffer, position: number): number {
  let read = 0;
  while (read < into.length) {
    const count = readSync(fd, into, read, into.length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}
