/** ctrl-p ctrl-q: the keys that docker, podman and nerdctl detach with. */
export const DETACH_SEQUENCE: readonly number[] = [0x10, 0x11];

export interface Keys {
  /** What goes on to the process. */
  readonly forward: Buffer;
  readonly detach: boolean;
}

/**
 * Looks for the detach keys in what is typed. The first of them is held back until the next key
 * shows what it was: a lone ctrl-p arrives together with the key after it.
 */
export class DetachKeys {
  #matched = 0;

  feed(typed: Buffer): Keys {
    const forward: number[] = [];
    for (const byte of typed) {
      if (byte === DETACH_SEQUENCE[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === DETACH_SEQUENCE.length) return { forward: Buffer.from(forward), detach: true };
        continue;
      }
      forward.push(...DETACH_SEQUENCE.slice(0, this.#matched));
      this.#matched = byte === DETACH_SEQUENCE[0] ? 1 : 0;
      if (this.#matched === 0) forward.push(byte);
    }
    return { forward: Buffer.from(forward), detach: false };
  }
}
