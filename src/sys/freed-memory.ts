import { Garbage } from './garbage';
import { libc } from './native';
import { WhenQuiet } from './when-quiet';

/** So long nothing has been done before it is given back: under load the same memory is wanted again in a moment. */
const quietMs = 1000;
/** A collection takes longer, so that only a program with little to do makes one. */
const idleMs = 10_000;

/**
 * Gives freed memory back to the kernel once a program has been quiet for a moment: malloc_trim(3). glibc keeps what was freed for later use, for each thread an arena, and V8's
 * compilers leave megabytes there. It takes a millisecond. Nothing is done where the C library has no such function (musl). Once it has been quiet for longer, V8's garbage is
 * collected, too (see Garbage).
 */
export class FreedMemory {
  readonly #trim: WhenQuiet;
  readonly #collect: WhenQuiet;

  constructor(giveBack: () => void = trim, garbage: Pick<Garbage, 'collect'> = new Garbage()) {
    this.#trim = new WhenQuiet(quietMs, giveBack);
    // What it frees is given back a moment later: V8 does some of it on another thread.
    this.#collect = new WhenQuiet(idleMs, () => { if (garbage.collect()) this.#trim.notice(); });
  }

  /** Something has been done that leaves freed memory behind: a start, or an end. Cheap, and may be called as often as one likes. */
  leave(): void {
    this.#trim.notice();
    this.#collect.notice();
  }

  close(): void {
    this.#trim.close();
    this.#collect.close();
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
