import { factsOf } from '../sys/files/cached-name';
import { inputOf } from '../sys/files/files';

// How shim and daemon keep what ended processes have written and nobody has read: each holds the FIFOs, so that the death of either loses nothing.

/** Whether the file has no name left, so that nobody can open it any more. */
export function isRemoved(fd: number): boolean {
  // Its file system may hang: what the kernel knows has to do.
  return factsOf(fd).links === 0;
}

/** Whether something in a FIFO waits for a reader, and somebody may still come to read it. Takes no lock of the FIFO's: see src/sys/files/aside.ts. */
export function waitsForReader(fifoFd: number): boolean {
  return !isRemoved(fifoFd) && inputOf(fifoFd) === 'some';
}

/** Tells an open file from every other of this host. */
export function fileOf(fd: number): string {
  const { device, inode } = factsOf(fd);
  return `${device}/${inode}`;
}
