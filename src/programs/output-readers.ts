import type { ContainerKey } from '../runtime/state-dir/container-key';

/** As long as the removal waits for a reader that takes nothing. */
const PATIENCE_MS = 2000;

/** Who reads the output of a program now: it is not removed under them, so that who follows one that is forgotten at its end gets all of it. */
export class OutputReaders {
  readonly #readers = new Map<ContainerKey, Set<Promise<void>>>();

  /** @returns what is called at the end of the reading; may be called twice */
  hold(key: ContainerKey): () => void {
    const readers = this.#readers.get(key) ?? new Set();
    this.#readers.set(key, readers);
    let leave: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => { leave = resolve; });
    readers.add(gone);
    return () => {
      readers.delete(gone);
      if (readers.size === 0 && this.#readers.get(key) === readers) this.#readers.delete(key);
      leave();
    };
  }

  /** Resolves when those that read now have ended, or have had two seconds for it. */
  async untilGone(key: ContainerKey): Promise<void> {
    const readers = this.#readers.get(key);
    if (readers === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS); });
    await Promise.race([Promise.all(readers), patience]);
    clearTimeout(timer);
  }
}
