import { closeSync, fchmodSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { collapseMemoryFile } from '../sys/huge-pages';
import { createMemoryFile, sealMemoryFile } from '../sys/memory-file';

/** Runtimes have some megabytes. */
const LARGEST_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const ELF_MAGIC = '\x7fELF';
/** In runtimes that run from a copy of themselves: what they name it (runc's and crun's cloned_binary.c, runc's exeseal). */
const COPIES_ITSELF = '_cloned:/proc/self/exe';

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
      if (await copy(program, fd)) {
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

/** @returns whether all of it was copied, and it is a program of the kind that is run from copies */
async function copy(program: string, fd: number): Promise<boolean> {
  const file = await open(program);
  try {
    if ((await file.stat()).size > LARGEST_BYTES) return false;
    // Before each chunk the end of the one before, in which the words that are looked for may begin.
    const tailBytes = COPIES_ITSELF.length;
    const buffer = Buffer.alloc(tailBytes + CHUNK_BYTES);
    let copiesItself = false;
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, tailBytes, CHUNK_BYTES, at);
      const end = tailBytes + bytesRead;
      if (at === 0 && buffer.toString('latin1', tailBytes, Math.min(end, tailBytes + ELF_MAGIC.length)) !== ELF_MAGIC) return false;
      if (bytesRead === 0) return copiesItself;
      copiesItself ||= buffer.subarray(0, end).includes(COPIES_ITSELF);
      for (let from = tailBytes; from < end; ) from += writeSync(fd, buffer, from, end - from);
      buffer.copyWithin(0, bytesRead, end);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
