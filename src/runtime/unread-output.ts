import { factsOf } from '../sys/files/cached-name';
import { unreadBytes } from '../sys/files/files';

// How shim and daemon keep what ended processes have written and nobody has read: each holds the FIFOs, so that the death of either loses nothing.

/** Whether the file has no name left, so that nobody can open it any more. */
export function isRemoved(fd: number): boolean {
  // Its file system may hang: what the kernel knows has to do.
  return factsOf(fd).links === 0;
}

/** How much of a FIFO waits for a reader, in bytes; 0 also where nobody can come to read it any more. */
export function bytesForReader(fifoFd: number): number {
  return isRemoved(fifoFd) ? 0 : unreadBytes(fifoFd);
}

/** Tells an open file from every other of this host. */
export function fileOf(fd: number): string {
  const { device, inode } = factsOf(fd);
  return `${device}/${inode}`;
}
