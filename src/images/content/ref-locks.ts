import { within } from '../../sys/within';
import { ImagesError } from '../errors';

/** Who finds a ref locked waits so long: its writer may just be going away. */
const waitMs = 1_000;

interface Lock {
  readonly since: Date;
  readonly released: Promise<void>;
}

/** One writer at a time for each ref. */
export class RefLocks {
  readonly #locks = new Map<string, Lock>();

  /** @param key of namespace and ref @returns what lets go of it, which may be called twice @throws ImagesError `locked` */
  async acquire(key: string, ref: string): Promise<() => void> {
    const deadlineMs = performance.now() + waitMs;
    for (let lock = this.#locks.get(key); lock !== undefined; lock = this.#locks.get(key)) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw lockedError(ref, lock.since);
      await within(leftMs, lock.released, undefined);
    }
    return this.#lock(key);
  }

  isLocked(key: string): boolean {
    return this.#locks.has(key);
  }

  /** Without waiting. @throws ImagesError `locked` */
  acquireAtOnce(key: string, ref: string): () => void {
    const lock = this.#locks.get(key);
    if (lock !== undefined) throw lockedError(ref, lock.since);
    return this.#lock(key);
  }

  #lock(key: string): () => void {
    let resolve: () => void = () => undefined;
    const lock: Lock = { since: new Date(), released: new Promise((settle) => { resolve = settle; }) };
    this.#locks.set(key, lock);
    return () => {
      if (this.#locks.get(key) === lock) this.#locks.delete(key);
      resolve();
    };
  }
}

function lockedError(ref: string, since: Date): ImagesError {
  const seconds = (Date.now() - since.getTime()) / 1000;
  return new ImagesError('locked', `ref ${ref} locked for ${String(seconds)}s (since ${since.toISOString()})`);
}
