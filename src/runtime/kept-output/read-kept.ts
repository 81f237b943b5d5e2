import { KeptReader } from './kept-reader';
import type { KeptEntry, KeptQuery } from './query';
import type { KeptSource } from './row';
import { watchKept } from './watch-kept';

export type { KeptSource };

/** See `ReadKept`. */
export async function* readKept(files: KeptSource, query: KeptQuery, signal: AbortSignal): AsyncGenerator<readonly KeptEntry[], void> {
  const reader = new KeptReader(files, query, signal);
  const watcher = query.follow === true ? await watchKept(files, query.dir, signal) : undefined;
  try {
    for (;;) {
      // Before the look: what comes during it wakes.
      watcher?.clear();
      yield* reader.readOn();
      if (signal.aborted || watcher === undefined) return;
      await watcher.changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watcher?.close();
  }
}
