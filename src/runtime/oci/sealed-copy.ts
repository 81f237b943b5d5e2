import { closeSync, fchmodSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { collapseMemoryFile } from '../../sys/huge-pages';
import { createMemoryFile, sealMemoryFile } from '../../sys/files/memory-file';
import { copiesItself } from './program-file';

/** Runtimes have some megabytes. */
const LARGEST_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * A program that lies in memory, in huge pages where the kernel has them, and that nobody can change. It is there until
 * it is released and no launch needs it.
 */
export class SealedCopy {
  private launches = 0;
  private state: 'used' | 'released' | 'closed' = 'used';

  /** What to execute, for children of this process alone. */
  readonly path: string;

  /** @param fd of the sealed file; this object's */
  private constructor(private readonly fd: number) {
    this.path = `/proc/self/fd/${fd}`;
  }

  /**
   * @returns undefined for a program that does not run from a copy of itself: it may not expect to be run from one
   * @throws the system's error
   */
  static async of(program: string): Promise<SealedCopy | undefined> {
    const fd = createMemoryFile(basename(program));
    try {
      if ((await copiesItself(program)) && (await copy(program, fd))) {
        await collapseMemoryFile(fd);
        fchmodSync(fd, 0o555);
        sealMemoryFile(fd);
        return new SealedCopy(fd);
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
    return undefined;
  }

  /** Calls `launch` with the path, which is valid until it is done. */
  async launch<T>(launch: (file: string) => Promise<T>): Promise<T> {
    this.launches += 1;
    try {
      return await launch(this.path);
    } finally {
      this.launches -= 1;
      this.closeUnused();
    }
  }

  /** Nobody launches it any more. May be called twice. */
  release(): void {
    if (this.state === 'used') this.state = 'released';
    this.closeUnused();
  }

  private closeUnused(): void {
    if (this.state !== 'released' || this.launches > 0) return;
    this.state = 'closed';
    closeSync(this.fd);
  }
}

/** @returns whether all of it was copied */
async function copy(program: string, fd: number): Promise<boolean> {
  const file = await open(program);
  try {
    if ((await file.stat()).size > LARGEST_BYTES) return false;
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return true;
      for (let from = 0; from < bytesRead; ) from += writeSync(fd, buffer, from, bytesRead - from);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
