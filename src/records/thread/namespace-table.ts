import { RecordsError } from '../errors';
import { type Labels, checkLabels, parseLabels, printLabels, updatedLabels } from '../labels';
import type { StoreDb, StoreStatement } from './store-db';

export interface NamespaceRecord {
  readonly name: string;
  readonly labels: Labels;
}

/** The table of the namespaces. */
export class NamespaceTable {
  readonly #insert: StoreStatement;
  readonly #find: StoreStatement;
  readonly #list: StoreStatement;
  readonly #setLabels: StoreStatement;
  readonly #delete: StoreStatement;
  /** What keeps a namespace, in the order and words of its refusal. */
  readonly #contents: readonly (readonly [what: string, has: StoreStatement])[];
  readonly #snapshotters: StoreStatement;

  constructor(db: StoreDb) {
    this.#insert = db.prepare('INSERT OR IGNORE INTO namespaces (name, labels) VALUES (?, ?)');
    this.#find = db.prepare('SELECT name, labels FROM namespaces WHERE name = ?');
    this.#list = db.prepare('SELECT name, labels FROM namespaces');
    this.#setLabels = db.prepare('INSERT INTO namespaces (name, labels) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET labels = excluded.labels');
    this.#delete = db.prepare('DELETE FROM namespaces WHERE name = ?');
    const first = (table: string): StoreStatement => db.prepare(`SELECT 1 FROM ${table} WHERE namespace = ? LIMIT 1`);
    this.#contents = [['images', first('images')], ['blobs', first('content')], ['containers', first('containers')]];
    this.#snapshotters = db.prepare('SELECT DISTINCT snapshotter FROM snapshots WHERE namespace = ? ORDER BY snapshotter');
  }

  list(): NamespaceRecord[] {
    return (this.#list.all() as { name: string; labels: string }[]).map(({ name, labels }) => ({ name, labels: parseLabels(labels) }));
  }

  /** @throws RecordsError `exists` */
  create(name: string, labels: Labels): void {
    if (this.#insert.run(name, printLabels(labels)).changes === 0) throw new RecordsError('exists', `namespace ${JSON.stringify(name)}`);
  }

  /** It is there from now on, if it was not. */
  ensure(name: string): void {
    this.#insert.run(name, printLabels(new Map()));
  }

  /** One that is not there comes to be. @param names the labels that are changed; undefined: all @returns those that it has then */
  update(name: string, labels: Labels, names: readonly string[] | undefined): Labels {
    const after = updatedLabels(this.#labels(name), labels, names);
    checkLabels('namespace.Labels', after);
    this.#setLabels.run(name, printLabels(after));
    return after;
  }

  /** @throws RecordsError `not-found`, `in-use` */
  delete(name: string): void {
    const contents = this.#contents.filter(([, has]) => has.get(name) !== undefined).map(([what]) => what);
    for (const { snapshotter } of this.#snapshotters.all(name) as { snapshotter: string }[]) contents.push(`snapshots on ${JSON.stringify(snapshotter)} snapshotter`);
    if (contents.length > 0) throw new RecordsError('in-use', `namespace ${JSON.stringify(name)} must be empty, but it still has ${contents.join(', ')}`);
    if (this.#delete.run(name).changes === 0) throw new RecordsError('not-found', `namespace ${JSON.stringify(name)}`);
  }

  #labels(name: string): Labels {
    const row = this.#find.get(name) as { labels: string } | undefined;
    return row === undefined ? new Map() : parseLabels(row.labels);
  }
}
