import { RecordsError } from '../errors';
import type { ImageRecord } from '../image-record';
import { parseLabels, printLabels } from '../labels';
import type { InNamespace } from './in-namespace';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly labels: string;
  readonly media_type: string;
  readonly digest: string;
  readonly size: bigint;
  readonly annotations: string;
  readonly created_ns: bigint;
  readonly updated_ns: bigint;
}

const columns = 'labels, media_type, digest, size, annotations, created_ns, updated_ns';

/** The table of the images' names. */
export class ImageTable {
  readonly #insert: StoreStatement;
  readonly #replace: StoreStatement;
  readonly #list: StoreStatement;
  readonly #delete: StoreStatement;

  constructor(db: StoreDb) {
    const places = columns.replace(/\w+/g, '?');
    this.#insert = db.prepare(`INSERT OR IGNORE INTO images (namespace, name, ${columns}) VALUES (?, ?, ${places})`);
    this.#replace = db.prepare(`UPDATE images SET (${columns}) = (${places}) WHERE namespace = ? AND name = ?`);
    this.#list = db.prepare(`SELECT namespace, name, ${columns} FROM images`);
    this.#delete = db.prepare('DELETE FROM images WHERE namespace = ? AND name = ?');
  }

  /** @throws RecordsError `exists` */
  create(namespace: string, record: ImageRecord): void {
    const { changes } = this.#insert.run(namespace, record.name, ...valuesOf(record));
    if (changes === 0) throw new RecordsError('exists', `image ${JSON.stringify(record.name)}`);
  }

  /** Of all namespaces. */
  list(): InNamespace<ImageRecord>[] {
    return (this.#list.all() as Row[]).map((row) => ({ namespace: row.namespace, record: recordOf(row) }));
  }

  /** @throws RecordsError `not-found` */
  replace(namespace: string, record: ImageRecord): void {
    if (this.#replace.run(...valuesOf(record), namespace, record.name).changes === 0) throw notFound(record.name);
  }

  /** @throws RecordsError `not-found` */
  delete(namespace: string, name: string): void {
    if (this.#delete.run(namespace, name).changes === 0) throw notFound(name);
  }
}

function valuesOf({ labels, target, createdNs, updatedNs }: ImageRecord): (string | number | bigint)[] {
  return [printLabels(labels), target.mediaType, target.digest, target.size, printLabels(target.annotations), createdNs, updatedNs];
}

function recordOf({ name, labels, media_type: mediaType, digest, size, annotations, created_ns: createdNs, updated_ns: updatedNs }: Row): ImageRecord {
  return { name, labels: parseLabels(labels), target: { mediaType, digest, size: Number(size), annotations: parseLabels(annotations) }, createdNs, updatedNs };
}

function notFound(name: string): RecordsError {
  return new RecordsError('not-found', `image ${JSON.stringify(name)}`);
}
