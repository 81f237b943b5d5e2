import { RecordsError } from '../errors';
import { type Labels, checkLabels, parseLabels, printLabels, updatedLabels } from '../labels';
import type { SnapshotName, SnapshotRecord } from '../snapshot-record';
import type { InNamespace } from './in-namespace';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly namespace: string;
  readonly snapshotter: string;
  readonly name: string;
  readonly parent: string;
  readonly kind: SnapshotRecord['kind'];
  readonly directory: bigint;
  readonly labels: string;
  readonly created_ns: bigint;
  readonly updated_ns: bigint;
  readonly size: bigint;
  readonly inodes: bigint;
}

const columns = 'namespace, snapshotter, name, parent, kind, directory, labels, created_ns, updated_ns, size, inodes';

/** The table of the snapshots of all snapshotters. */
export class SnapshotTable {
  readonly #insert: StoreStatement;
  readonly #list: StoreStatement;
  readonly #find: StoreStatement;
  readonly #findChild: StoreStatement;
  readonly #setLabels: StoreStatement;
  readonly #delete: StoreStatement;

  constructor(db: StoreDb) {
    this.#insert = db.prepare(`INSERT OR IGNORE INTO snapshots (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`);
    this.#list = db.prepare(`SELECT ${columns} FROM snapshots`);
    this.#find = db.prepare(`SELECT ${columns} FROM snapshots WHERE namespace = ? AND snapshotter = ? AND name = ?`);
    this.#findChild = db.prepare('SELECT 1 FROM snapshots WHERE namespace = ? AND snapshotter = ? AND parent = ? LIMIT 1');
    this.#setLabels = db.prepare('UPDATE snapshots SET labels = ?, updated_ns = ? WHERE namespace = ? AND snapshotter = ? AND name = ?');
    this.#delete = db.prepare('DELETE FROM snapshots WHERE namespace = ? AND snapshotter = ? AND name = ?');
  }

  /** @throws RecordsError `exists`, `not-found` for a parent that is not there, `invalid` for one that nothing can be made upon */
  create(namespace: string, record: SnapshotRecord): void {
    const { snapshotter, parent } = record;
    if (parent !== '') {
      const found = this.find({ namespace, snapshotter, name: parent });
      if (found === undefined) throw new RecordsError('not-found', `parent snapshot ${parent} does not exist`);
      if (found.kind !== 'committed') throw new RecordsError('invalid', `failed to create snapshot: parent ${JSON.stringify(parent)} is not committed snapshot`);
    }
    this.#add(namespace, record);
  }

  /** @throws RecordsError `exists`, `not-found` */
  commit(namespace: string, key: string, record: SnapshotRecord): void {
    this.#add(namespace, record);
    if (this.#delete.run(namespace, record.snapshotter, key).changes === 0) throw notFound(key);
  }

  find({ namespace, snapshotter, name }: SnapshotName): SnapshotRecord | undefined {
    const row = this.#find.get(namespace, snapshotter, name) as Row | undefined;
    return row === undefined ? undefined : recordOf(row);
  }

  /** Of all namespaces and snapshotters. */
  list(): InNamespace<SnapshotRecord>[] {
    return (this.#list.all() as Row[]).map((row) => ({ namespace: row.namespace, record: recordOf(row) }));
  }

  /** @param names the labels that are changed; undefined: all @throws RecordsError `not-found`, `invalid` */
  updateLabels(which: SnapshotName, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): SnapshotRecord {
    const before = this.find(which);
    if (before === undefined) throw notFound(which.name);
    const after = { ...before, labels: updatedLabels(before.labels, labels, names), updatedNs: nowNs };
    checkLabels('info.Labels', after.labels);
    this.#setLabels.run(printLabels(after.labels), nowNs, which.namespace, which.snapshotter, which.name);
    return after;
  }

  /** @throws RecordsError `not-found`, `in-use` where another has it for its parent */
  delete({ namespace, snapshotter, name }: SnapshotName): void {
    if (this.#findChild.get(namespace, snapshotter, name) !== undefined) throw new RecordsError('in-use', 'cannot remove snapshot with child');
    this.collect({ namespace, snapshotter, name });
  }

  /** Nothing keeps it, nor its children. @throws RecordsError `not-found` */
  collect({ namespace, snapshotter, name }: SnapshotName): void {
    if (this.#delete.run(namespace, snapshotter, name).changes === 0) throw notFound(name);
  }

  #add(namespace: string, record: SnapshotRecord): void {
    const { snapshotter, name, parent, kind, directory, labels, createdNs, updatedNs, size, inodes } = record;
    const { changes } = this.#insert.run(namespace, snapshotter, name, parent, kind, directory, printLabels(labels), createdNs, updatedNs, size, inodes);
    if (changes === 0) throw new RecordsError('exists', `snapshot ${JSON.stringify(name)}`);
  }
}

function recordOf(row: Row): SnapshotRecord {
  return {
    snapshotter: row.snapshotter,
    name: row.name,
    parent: row.parent,
    kind: row.kind,
    directory: Number(row.directory),
    labels: parseLabels(row.labels),
    createdNs: row.created_ns,
    updatedNs: row.updated_ns,
    size: Number(row.size),
    inodes: Number(row.inodes),
  };
}

function notFound(name: string): RecordsError {
  return new RecordsError('not-found', `snapshot ${name} does not exist`);
}
