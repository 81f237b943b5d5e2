import type { Stored } from '../machine/state';

/** What becomes of a program; undefined: it is forgotten. */
export type Watcher = (stored: Stored | undefined) => void;

/** Who is told of each change of a program. */
export class Watchers {
  readonly #watchers = new Set<Watcher>();

  /** @returns the way out */
  add(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => { this.#watchers.delete(watcher); };
  }

  /** Also where one of them leaves by that. */
  tell(stored: Stored | undefined): void {
    for (const watcher of [...this.#watchers]) watcher(stored);
  }
}
