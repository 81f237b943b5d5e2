import { libc } from './native';

/** So long nothing has been done before it is given back: under load the same memory is wanted again in a moment. */
const quietMs = 1000;

/**
 * Gives freed memory back to the kernel once a program has been quiet for a moment: malloc_trim(3). glibc keeps what was freed for later use, for each thread an arena, and V8's
 * compilers leave megabytes there. It takes a millisecond. Nothing is done where the C library has no such function (musl).
 */
export class FreedMemory {
  #wasUsed = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly giveBack: () => void = trim) {}

  /** Something has been done that leaves freed memory behind: a start, or an end. Cheap, and may be called as often as one likes. */
  leave(): void {
    this.#wasUsed = true;
    if (!this.#closed) this.#timer ??= this.#later();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #later(): NodeJS.Timeout {
    this.#wasUsed = false;
    return setTimeout(() => {
      this.#timer = this.#wasUsed ? this.#later() : undefined;
      if (this.#timer === undefined) this.giveBack();
    }, quietMs).unref();
  }
}

function trim(): void {
  libc.mallocTrim?.(0);
}

/** mallopt(3), malloc.h. */
const M_MMAP_THRESHOLD = -3;

/**
 * Has each piece of memory of so many bytes and more be the kernel's again once it is freed. By itself glibc raises its limit to the largest piece that was ever freed, up to 32 MB: the
 * next ones lie between smaller ones then, and leave holes. To be called before the first ones. Without effect where the C library has no such function (musl).
 */
export function giveBackLargePieces(bytes: number): void {
  libc.mallopt?.(M_MMAP_THRESHOLD, bytes);
}
