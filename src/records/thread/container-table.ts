import type { ContainerRecord, OpaqueValue } from '../container-record';
import { RecordsError } from '../errors';
import { type Labels, parseLabels, printLabels } from '../labels';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly namespace: string;
  readonly id: string;
  readonly labels: string;
  readonly image: string;
  readonly runtime: string;
  readonly options_type: string | null;
  readonly options: Buffer | null;
  readonly spec_type: string | null;
  readonly spec: Buffer | null;
  readonly snapshotter: string;
  readonly snapshot_key: string;
  readonly sandbox: string;
  readonly extensions: string;
  readonly created_ns: bigint;
  readonly updated_ns: bigint;
}

export interface NamedContainer {
  readonly namespace: string;
  readonly record: ContainerRecord;
}

const columns = 'labels, image, runtime, options_type, options, spec_type, spec, snapshotter, snapshot_key, sandbox, extensions, created_ns, updated_ns';

/** The table of the container records, by namespace and id. */
export class ContainerTable {
  readonly #insert: StoreStatement;
  readonly #replace: StoreStatement;
  readonly #list: StoreStatement;
  readonly #listReferences: StoreStatement;
  readonly #delete: StoreStatement;
  readonly #count: StoreStatement;

  constructor(db: StoreDb) {
    const places = columns.replace(/\w+/g, '?');
    this.#insert = db.prepare(`INSERT OR IGNORE INTO containers (namespace, id, ${columns}) VALUES (?, ?, ${places})`);
    this.#replace = db.prepare(`UPDATE containers SET (${columns}) = (${places}) WHERE namespace = ? AND id = ?`);
    this.#list = db.prepare(`SELECT namespace, id, ${columns} FROM containers`);
    this.#listReferences = db.prepare('SELECT namespace, labels, snapshotter, snapshot_key FROM containers');
    this.#delete = db.prepare('DELETE FROM containers WHERE namespace = ? AND id = ?');
    this.#count = db.prepare('SELECT count(*) AS count FROM containers WHERE namespace = ?');
  }

  /** @throws RecordsError `exists` */
  create(namespace: string, record: ContainerRecord): void {
    const { changes } = this.#insert.run(namespace, record.id, ...valuesOf(record));
    if (changes === 0) throw new RecordsError('exists', `container ${JSON.stringify(record.id)}`);
  }

  /** Of all namespaces. */
  list(): NamedContainer[] {
    return (this.#list.all() as Row[]).map((row) => ({ namespace: row.namespace, record: recordOf(row) }));
  }

  /** What each of all namespaces keeps by its record. */
  references(): { namespace: string; labels: Labels; snapshotter: string; snapshotKey: string }[] {
    return (this.#listReferences.all() as Pick<Row, 'namespace' | 'labels' | 'snapshotter' | 'snapshot_key'>[]).map(({ namespace, labels, snapshotter, snapshot_key: snapshotKey }) => ({
      namespace,
      labels: parseLabels(labels),
      snapshotter,
      snapshotKey,
    }));
  }

  /** @throws RecordsError `not-found` */
  replace(namespace: string, record: ContainerRecord): void {
    const { changes } = this.#replace.run(...valuesOf(record), namespace, record.id);
    if (changes === 0) throw new RecordsError('not-found', `container ${JSON.stringify(record.id)}`);
  }

  /** @throws RecordsError `not-found` */
  delete(namespace: string, id: string): void {
    const { changes } = this.#delete.run(namespace, id);
    if (changes === 0) throw new RecordsError('not-found', `container ${id}`);
  }

  count(namespace: string): number {
    return Number((this.#count.get(namespace) as { count: bigint }).count);
  }
}

function valuesOf(record: ContainerRecord): (string | Uint8Array | bigint | null)[] {
  const { options } = record.runtime;
  const extensions = [...record.extensions].map(([name, { type, value }]) => [name, type, Buffer.from(value).toString('base64')]);
  return [
    printLabels(record.labels), record.image, record.runtime.name, options?.type ?? null, options?.value ?? null,
    record.spec?.type ?? null, record.spec?.value ?? null, record.snapshotter, record.snapshotKey, record.sandbox,
    JSON.stringify(extensions), record.createdNs, record.updatedNs,
  ];
}

function recordOf(row: Row): ContainerRecord {
  const extensions = JSON.parse(row.extensions) as [string, string, string][];
  return {
    id: row.id,
    labels: parseLabels(row.labels),
    image: row.image,
    runtime: { name: row.runtime, options: opaqueOf(row.options_type, row.options) },
    spec: opaqueOf(row.spec_type, row.spec),
    snapshotter: row.snapshotter,
    snapshotKey: row.snapshot_key,
    sandbox: row.sandbox,
    extensions: new Map(extensions.map(([name, type, value]) => [name, { type, value: Buffer.from(value, 'base64') }])),
    createdNs: row.created_ns,
    updatedNs: row.updated_ns,
  };
}

/** One of no bytes is there all the same: only the type says whether there is any. */
function opaqueOf(type: string | null, value: Buffer | null): OpaqueValue | undefined {
  return type === null ? undefined : { type, value: value ?? Buffer.alloc(0) };
}
