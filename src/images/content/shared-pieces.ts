/** Of what is written at once: a message of containerd's clients has as many. Each piece costs a message to the thread that writes. */
export const PIECE_BYTES = 1 << 20;

/** As many blobs of an image come at once. */
const MOST_KEPT = 3;

/**
 * Memory that a writer and its thread have in common. It is used again: what is given up is freed only once both of them have looked for garbage, and the thread, which makes hardly any, looks for
 * it seldom.
 */
export class SharedPieces {
  readonly #free: SharedArrayBuffer[] = [];

  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(PIECE_BYTES);
  }

  /** The thread is done with it. */
  give(piece: SharedArrayBuffer): void {
    if (this.#free.length < MOST_KEPT) this.#free.push(piece);
  }
}
