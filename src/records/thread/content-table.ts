import type { ContentRecord, IngestRecord } from '../content-record';
import { RecordsError } from '../errors';
import { type Labels, checkLabels, parseLabels, printLabels, updatedLabels } from '../labels';
import type { InNamespace } from './in-namespace';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly namespace: string;
  readonly digest: string;
  readonly size: bigint;
  readonly labels: string;
  readonly created_ns: bigint;
  readonly updated_ns: bigint;
}

interface IngestRow {
  readonly namespace: string;
  readonly ref: string;
  readonly total: bigint;
  readonly expected: string;
  readonly started_ns: bigint;
}

/** The tables of the blobs that each namespace has, and of those on their way. */
export class ContentTable {
  readonly #insert: StoreStatement;
  readonly #list: StoreStatement;
  readonly #find: StoreStatement;
  readonly #setLabels: StoreStatement;
  readonly #delete: StoreStatement;
  readonly #putIngest: StoreStatement;
  readonly #listIngests: StoreStatement;
  readonly #deleteIngest: StoreStatement;

  constructor(db: StoreDb) {
    const columns = 'namespace, digest, size, labels, created_ns, updated_ns';
    this.#insert = db.prepare(`INSERT OR IGNORE INTO content (${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#list = db.prepare(`SELECT ${columns} FROM content`);
    this.#find = db.prepare(`SELECT ${columns} FROM content WHERE namespace = ? AND digest = ?`);
    this.#setLabels = db.prepare('UPDATE content SET labels = ?, updated_ns = ? WHERE namespace = ? AND digest = ?');
    this.#delete = db.prepare('DELETE FROM content WHERE namespace = ? AND digest = ?');
    this.#putIngest = db.prepare('INSERT OR REPLACE INTO ingests (namespace, ref, total, expected, started_ns) VALUES (?, ?, ?, ?, ?)');
    this.#listIngests = db.prepare('SELECT namespace, ref, total, expected, started_ns FROM ingests');
    this.#deleteIngest = db.prepare('DELETE FROM ingests WHERE namespace = ? AND ref = ?');
  }

  /** @throws RecordsError `exists` */
  create(namespace: string, { digest, size, labels, createdNs, updatedNs }: ContentRecord): void {
    const { changes } = this.#insert.run(namespace, digest, size, printLabels(labels), createdNs, updatedNs);
    if (changes === 0) throw new RecordsError('exists', `content ${digest}`);
  }

  /** Of all namespaces. */
  list(): InNamespace<ContentRecord>[] {
    return (this.#list.all() as Row[]).map((row) => ({ namespace: row.namespace, record: recordOf(row) }));
  }

  /** @param names the labels that are changed; undefined: all @throws RecordsError `not-found`, `invalid` */
  updateLabels(namespace: string, digest: string, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): ContentRecord {
    const row = this.#find.get(namespace, digest) as Row | undefined;
    if (row === undefined) throw notFound(digest);
    const before = recordOf(row);
    const after = { ...before, labels: updatedLabels(before.labels, labels, names), updatedNs: nowNs };
    checkLabels('info.Labels', after.labels);
    this.#setLabels.run(printLabels(after.labels), nowNs, namespace, digest);
    return after;
  }

  /** @throws RecordsError `not-found` */
  delete(namespace: string, digest: string): void {
    if (this.#delete.run(namespace, digest).changes === 0) throw notFound(digest);
  }

  /** One that is there is replaced. */
  putIngest(namespace: string, { ref, total, expected, startedNs }: IngestRecord): void {
    this.#putIngest.run(namespace, ref, total, expected, startedNs);
  }

  /** Of all namespaces. */
  listIngests(): InNamespace<IngestRecord>[] {
    return (this.#listIngests.all() as IngestRow[]).map(({ namespace, ref, total, expected, started_ns: startedNs }) => ({
      namespace,
      record: { ref, total: Number(total), expected, startedNs },
    }));
  }

  /** One that is not there: nothing to do. */
  deleteIngest(namespace: string, ref: string): void {
    this.#deleteIngest.run(namespace, ref);
  }
}

function recordOf({ digest, size, labels, created_ns: createdNs, updated_ns: updatedNs }: Row): ContentRecord {
  return { digest, size: Number(size), labels: parseLabels(labels), createdNs, updatedNs };
}

function notFound(digest: string): RecordsError {
  return new RecordsError('not-found', `content digest ${digest}`);
}
