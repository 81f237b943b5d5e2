import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;
const ELF_MAGIC = '\x7fELF';
/** In runtimes that run from a copy of themselves: what they name it (runc's and crun's cloned_binary.c, runc's exeseal). */
const COPIES_ITSELF = '_cloned:/proc/self/exe';

/**
 * Whether the program runs from a copy of itself before it enters a container: runc and crun do, and no script around them, no
 * runtime of another kind (gVisor, Kata). @throws the system's error
 */
export async function copiesItself(program: string): Promise<boolean> {
  const file = await open(program);
  try {
    // Before each chunk the end of the one before, in which the words that are looked for may begin.
    const tailBytes = COPIES_ITSELF.length;
    const buffer = Buffer.alloc(tailBytes + CHUNK_BYTES);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, tailBytes, CHUNK_BYTES, at);
      const end = tailBytes + bytesRead;
      if (at === 0 && buffer.toString('latin1', tailBytes, Math.min(end, tailBytes + ELF_MAGIC.length)) !== ELF_MAGIC) return false;
      if (buffer.subarray(0, end).includes(COPIES_ITSELF)) return true;
      if (bytesRead === 0) return false;
      buffer.copyWithin(0, bytesRead, end);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
