import type { Records } from '../../records/records';
import { isCode } from '../errors';
import type { Mount } from '../mount';
import type { Snapshotter } from '../snapshots/snapshotter';

/** Keeps it from being collected. */
const ROOT_LABEL = 'containerd.io/gc.root';
const PROGRAM_LABEL = 'holdfast.program';

/** The root file systems of programs of images: for each a writable snapshot of its name, from its first start until it is forgotten. */
export class RunRoots {
  constructor(private readonly records: Records, private readonly snapshotter: Snapshotter, private readonly namespace: string) {}

  /** @param chain the snapshot of its image; empty: nothing @param isNew nothing of an earlier one is wanted @throws ImagesError `not-found` for an image that has been taken away */
  async prepare(name: string, chain: string, isNew: boolean): Promise<readonly Mount[]> {
    if (isNew) await this.remove(name);
    else if (this.#isThere(name)) return this.snapshotter.mounts(this.namespace, name);
    const labels = new Map([[ROOT_LABEL, new Date().toISOString()], [PROGRAM_LABEL, name]]);
    return this.snapshotter.prepare(this.namespace, name, chain, { labels });
  }

  /** One that is not there: nothing to do. */
  async remove(name: string): Promise<void> {
    if (!this.#isThere(name)) return;
    try {
      await this.snapshotter.remove(this.namespace, name);
    } catch (error) {
      if (!isCode(error, 'not-found')) throw error;
    }
  }

  /** Of the programs that have one. */
  names(): readonly string[] {
    return this.records.snapshots.list(this.namespace, this.snapshotter.name).filter(({ name, labels }) => labels.get(PROGRAM_LABEL) === name).map(({ name }) => name);
  }

  /** Another client's of the same name is left alone. */
  #isThere(name: string): boolean {
    return this.records.snapshots.find({ namespace: this.namespace, snapshotter: this.snapshotter.name, name })?.labels.get(PROGRAM_LABEL) === name;
  }
}
