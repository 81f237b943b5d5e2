import type { Records } from '../../records/records';
import { faultPoint } from '../../sys/fault';
import type { BlobStore } from '../content/blob-store';
import type { DirectorySnapshotter } from '../snapshots/directory-snapshotter';

/** What comes in such a time goes in one run. */
const delayMs = 100;
/** After a run that has failed, or files that could not be removed: each time twice as long. */
const shortestRetryMs = 1_000;
const longestRetryMs = 600_000;
/** Timers of Node take no more than 2^31 ms. */
const longestWaitMs = 24 * 3600 * 1000;

export interface CollectorParts {
  readonly records: Records;
  readonly store: BlobStore;
  readonly snapshotters: readonly DirectorySnapshotter[];
  readonly checkpoints: { removeStrays(): Promise<void> };
  readonly nowNs: () => bigint;
  /** Whether there may be files of blobs or snapshots. A daemon without images looks for none: that would be all that it has a thread for. */
  readonly hasFiles: () => boolean;
  /** A run has failed; another one follows. */
  readonly onFailed: (error: unknown) => void;
}

/** Takes away what no lease, image or container keeps: the records in one change of the database, and then the files of those. */
export class Collector {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #hasLookedForStrays = false;
  #retryMs = shortestRetryMs;

  constructor(private readonly parts: CollectorParts) {}

  /**
   * Something has been deleted: a run begins in a moment. Deletions alone call for it, as with containerd: clients make things without a lease, and count on it that nobody
   * looks before they have labelled them.
   */
  soon(): void {
    this.#retryMs = shortestRetryMs;
    this.#wait(delayMs);
  }

  /** Files have been left that no record tells of: a run in a while looks for them. */
  lookAgain(): void {
    this.#hasLookedForStrays = false;
    this.#wait(this.#retryMs);
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
  }

  /** A run that begins after this was called, to its end. @throws RecordsError, ImagesError */
  async run(): Promise<void> {
    // One that is under way may have looked before what the caller has just done.
    await this.#running?.catch(() => undefined);
    this.#running ??= this.#collectOrLookAgain().finally(() => { this.#running = undefined; });
    return this.#running;
  }

  /** May be called twice. A run that is under way goes on as far as it comes: the next start does what is left. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Where the records are gone, and their files are not, only a look at the files tells. */
  async #collectOrLookAgain(): Promise<void> {
    try {
      await this.#collect();
    } catch (error) {
      this.lookAgain();
      throw error;
    }
  }

  async #collect(): Promise<void> {
    const { records, store, snapshotters, nowNs } = this.parts;
    const { content, ingests, snapshots, nextExpiryNs } = await records.collect(nowNs());
    faultPoint('daemon.collect.recorded');
    for (const { digest } of content) store.giveUp(digest);
    await store.removeGiven();
    faultPoint('daemon.collect.before-files');
    for (const { namespace, ref } of ingests) await store.removeIngestFile(namespace, ref);
    for (const { snapshotter, directory } of snapshots) snapshotters.find(({ name }) => name === snapshotter)?.removeDirectory(directory);
    await this.#lookForStrays();
    if (nextExpiryNs !== undefined) this.#wait(Math.min(longestWaitMs, Math.max(delayMs, Number((nextExpiryNs - nowNs()) / 1_000_000n))));
  }

  async #lookForStrays(): Promise<void> {
    if (this.#hasLookedForStrays || !this.parts.hasFiles()) return;
    this.#hasLookedForStrays = true;
    await this.parts.store.removeStrays();
    for (const snapshotter of this.parts.snapshotters) await snapshotter.removeStrays();
    await this.parts.checkpoints.removeStrays();
  }

  /** The sooner of this and what is waited for already. */
  #wait(ms: number): void {
    if (this.#isClosed) return;
    const atMs = performance.now() + ms;
    if (this.#timer !== undefined && this.#nextMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#nextMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.run().catch((error: unknown) => { this.parts.onFailed(error); });
    }, ms).unref();
  }

  #nextMs = 0;
}
