import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less than this would not be worth the time that it takes; each exec leaves some tenths of a megabyte. */
const WORTHWHILE_BYTES = 4 << 20;

/** To V8 11 (Node 20) whatever it is given means the young garbage alone. */
const takesOptions = Number.parseInt(process.versions.v8, 10) >= 12;

/** What is asked of V8, for tests. */
export interface Heap {
  usedBytes(): number;
  collect(): void;
}

/**
 * Collects what earlier work has left on V8's heap, to be called when there is no work: V8 itself does so only when that much has been allocated again, which in a program with
 * nothing to do is never. Pages that are nearly empty are brought together, else most of what is freed would stay with V8. All of that holds this thread up, for one to three milliseconds
 * for each megabyte that is alive: so there is none for little.
 */
export class Garbage {
  /** What was in use after the last time. */
  #keptBytes = 0;

  constructor(private readonly heap: Heap = new V8Heap()) {}

  /** @returns whether there was enough to collect it */
  collect(): boolean {
    if (this.heap.usedBytes() - this.#keptBytes < WORTHWHILE_BYTES) return false;
    this.heap.collect();
    this.#keptBytes = this.heap.usedBytes();
    return true;
  }
}

class V8Heap implements Heap {
  #collect: ((options?: object) => void) | undefined;

  usedBytes(): number {
    return getHeapStatistics().used_heap_size;
  }

  collect(): void {
    this.#collect ??= collector();
    // Else it would throw away what it has compiled and not used since, and the next request would be a first one.
    setFlagsFromString('--no-flush-bytecode');
    try {
      // The flavour that brings pages together.
      this.#collect(...(takesOptions ? [{ type: 'major', flavor: 'last-resort' }] : []));
    } finally {
      setFlagsFromString('--flush-bytecode');
    }
  }
}

/** Node gives no other way to it: a context that is made while the flag is set has the function. */
function collector(): (options?: object) => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as (options?: object) => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
