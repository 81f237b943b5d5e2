import { ByNamespace } from './by-namespace';
import { type Labels, checkLabels } from './labels';
import type { LeaseResource } from './lease-record';
import type { Leases } from './leases';
import type { Namespaces } from './namespaces';
import type { SnapshotName, SnapshotRecord } from './snapshot-record';
import type { Writer } from './writer';

/** The records of all snapshotters. Their directories are another room's. What a change has resolved with is on the disk. */
export class Snapshots {
  /** By snapshotter. */
  readonly #records = new Map<string, ByNamespace<SnapshotRecord>>();

  constructor(
    private readonly writer: Writer,
    private readonly namespaces: Namespaces,
    private readonly leases: Leases,
  ) {}

  /** No namespace has one. */
  get isEmpty(): boolean {
    return [...this.#records.values()].every(({ isEmpty }) => isEmpty);
  }

  find({ namespace, snapshotter, name }: SnapshotName): SnapshotRecord | undefined {
    return this.#records.get(snapshotter)?.find(namespace, name);
  }

  /** By name. */
  list(namespace: string, snapshotter: string): SnapshotRecord[] {
    return this.#records.get(snapshotter)?.list(namespace) ?? [];
  }

  /** A snapshotter's, of all namespaces. */
  all(snapshotter: string): Iterable<readonly [namespace: string, record: SnapshotRecord]> {
    return this.#records.get(snapshotter)?.all() ?? [];
  }

  /** @param lease keeps it @throws RecordsError `exists`, `invalid`, `not-found` for a parent or lease that is not there */
  async create(namespace: string, record: SnapshotRecord, lease: string | undefined): Promise<void> {
    checkLabels('info.Labels', record.labels);
    await this.writer.change('createSnapshot', [namespace, record, lease], () => {
      this.load(namespace, record);
      this.leases.loadResource(namespace, lease, resourceOf(record.snapshotter, record.name));
      this.namespaces.loadIfNew(namespace);
    });
  }

  /** The active one `key` becomes `record`, which has another name. @throws RecordsError `exists`, `not-found`, `invalid` */
  async commit(namespace: string, key: string, record: SnapshotRecord, lease: string | undefined): Promise<void> {
    checkLabels('info.Labels', record.labels);
    await this.writer.change('commitSnapshot', [namespace, key, record, lease], () => {
      this.forget({ namespace, snapshotter: record.snapshotter, name: key });
      this.leases.forgetResource(namespace, resourceOf(record.snapshotter, key));
      this.load(namespace, record);
      this.leases.loadResource(namespace, lease, resourceOf(record.snapshotter, record.name));
    });
  }

  /** @param names the labels that are changed; undefined: all @throws RecordsError `not-found`, `invalid` */
  updateLabels(name: SnapshotName, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): Promise<SnapshotRecord> {
    return this.writer.change('updateSnapshot', [name, labels, names, nowNs], (after) => { this.load(name.namespace, after); });
  }

  /** @throws RecordsError `not-found`, `in-use` where another has it for its parent */
  async delete(name: SnapshotName): Promise<void> {
    await this.writer.change('deleteSnapshot', [name], () => {
      this.forget(name);
      this.leases.forgetResource(name.namespace, resourceOf(name.snapshotter, name.name));
    });
  }

  /** It is on the disk. */
  load(namespace: string, record: SnapshotRecord): void {
    const records = this.#records.get(record.snapshotter) ?? new ByNamespace<SnapshotRecord>();
    this.#records.set(record.snapshotter, records);
    records.set(namespace, record.name, record);
  }

  /** It is not on the disk any more. */
  forget({ namespace, snapshotter, name }: SnapshotName): void {
    this.#records.get(snapshotter)?.delete(namespace, name);
  }
}

function resourceOf(snapshotter: string, id: string): LeaseResource {
  return { type: `snapshots/${snapshotter}`, id };
}
