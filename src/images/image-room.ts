import type { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import type { Records } from '../records/records';
import { imagesDirectory } from '../records/thread/files-of-records';
import type { Logger } from '../runtime/logger';
import type { ChildReaper } from '../sys/process/children';
import { Checkpoints } from './checkpoints/checkpoints';
import { Collector } from './collector/collector';
import { BlobStore } from './content/blob-store';
import { Registries, type RegistriesParts } from './registry/registries';
import { LayerProcesses } from './diff/layer-process';
import { Layers } from './diff/layers';
import { Library, type LibraryParts } from './library/library';
import { RunRoots } from './library/run-roots';
import { FileThread } from './files/file-thread';
import { copyTreeWith } from './snapshots/copy-tree';
import { DirectorySnapshotter, type SnapshotterParts } from './snapshots/directory-snapshotter';
import { nativeLayout, overlayLayout } from './snapshots/layout';
import { overlayOptionsHere } from './snapshots/overlay-options';

export interface ImageRoomParts {
  readonly records: Records;
  /** Directory of all that outlives a boot. */
  readonly root: string;
  /** Starts a thread for files, see `startFileThread`. */
  readonly startThread: () => Worker;
  readonly reaper: ChildReaper;
  /** Path of the program that unpacks layers, and makes them. */
  readonly layerProgram: string;
  readonly nowNs: () => bigint;
  readonly log: Logger;
  /** How registries are reached. */
  readonly registries: RegistriesParts;
}

/** All that has to do with images: blobs, snapshots, and who takes away what nothing keeps. Its threads are started when they are first needed. */
export class ImageRoom {
  readonly content: BlobStore;
  readonly snapshotters: ReadonlyMap<string, DirectorySnapshotter>;
  readonly collector: Collector;
  readonly layers: Layers;
  readonly checkpoints: Checkpoints;
  readonly #layerProcesses: LayerProcesses;
  readonly #threads: readonly FileThread[];

  readonly #parts: ImageRoomParts;

  constructor(imageRoomParts: ImageRoomParts) {
    this.#parts = imageRoomParts;
    const { records, root: recordsRoot, startThread, reaper, layerProgram, nowNs, log } = imageRoomParts;
    const root = join(recordsRoot, imagesDirectory);
    // A flush, and the removal of a hundred thousand files, must not hold up who reads a manifest.
    const [writing, quick, slow] = [new FileThread(startThread), new FileThread(startThread), new FileThread(startThread)];
    this.#threads = [writing, quick, slow];
    const onLess = (): void => { this.collector.soon(); };
    const parts: SnapshotterParts = {
      records,
      root,
      quick,
      slow,
      nowNs,
      onLess,
      copyTree: copyTreeWith(reaper),
      onNotRemoved: (path, error) => {
        log.error({ path, err: error }, 'the directory of a snapshot that is gone cannot be removed; the next run of the collector tries again');
        this.collector.lookAgain();
      },
    };
    const snapshotters = [overlayLayout(overlayOptionsHere()), nativeLayout].map((layout) => new DirectorySnapshotter(layout, parts));
    this.content = new BlobStore({ records, root, writing, reading: quick, nowNs, onLess });
    this.#layerProcesses = new LayerProcesses({ program: layerProgram, reaper });
    this.layers = new Layers({ content: this.content, processes: this.#layerProcesses, root });
    this.checkpoints = new Checkpoints({ content: this.content, layers: this.layers, root, quick, slow });
    this.snapshotters = new Map(snapshotters.map((one) => [one.name, one]));
    this.collector = new Collector({
      records,
      store: this.content,
      snapshotters,
      checkpoints: this.checkpoints,
      nowNs,
      hasFiles: () => this.#threads.some(({ isRunning }) => isRunning) || records.hasFiles || this.checkpoints.hasFiles,
      onFailed: (error) => { log.error({ err: error }, 'what no image keeps could not be taken away; the next run tries again'); },
    });
  }

  /** The images of a namespace, by name, as people have them. @param onChange is told of each name that comes, changes or goes */
  libraryOf(namespace: string, onChange: LibraryParts['onChange']): Library {
    const { content, collector, layers } = this;
    return new Library({ records: this.#parts.records, nowNs: this.#parts.nowNs, registries: new Registries(this.#parts.registries), content, collector, layers, snapshotter: this.#overlayfs(), onChange }, namespace);
  }

  /** The root file systems of programs of these images. */
  rootsOf(namespace: string): RunRoots {
    return new RunRoots(this.#parts.records, this.#overlayfs(), namespace);
  }

  #overlayfs(): DirectorySnapshotter {
    const found = this.snapshotters.get('overlayfs');
    if (found === undefined) throw new Error('no snapshotter of that name');
    return found;
  }

  /** The records are there: what the last daemon left half done is found out in a moment. */
  begin(): void {
    this.collector.soon();
  }

  /** @returns whether nothing of it is left that could hold up the end of this process. May be called twice. */
  async close(): Promise<boolean> {
    this.collector.close();
    this.#layerProcesses.close();
    return (await Promise.all(this.#threads.map((thread) => thread.close()))).every((hasEnded) => hasEnded);
  }
}
