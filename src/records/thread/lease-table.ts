import { RecordsError } from '../errors';
import { parseLabels, printLabels } from '../labels';
import type { LeaseRecord, LeaseResource } from '../lease-record';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly namespace: string;
  readonly id: string;
  readonly labels: string;
  readonly created_ns: bigint;
}

/** The table of the leases of each namespace, and of what they keep. */
export class LeaseTable {
  readonly #insert: StoreStatement;
  readonly #find: StoreStatement;
  readonly #list: StoreStatement;
  readonly #delete: StoreStatement;
  readonly #insertResource: StoreStatement;
  readonly #listResources: StoreStatement;
  readonly #deleteResource: StoreStatement;
  readonly #deleteResources: StoreStatement;
  readonly #forgetResource: StoreStatement;

  constructor(db: StoreDb) {
    this.#insert = db.prepare('INSERT OR IGNORE INTO leases (namespace, id, labels, created_ns) VALUES (?, ?, ?, ?)');
    this.#find = db.prepare('SELECT id FROM leases WHERE namespace = ? AND id = ?');
    this.#list = db.prepare('SELECT namespace, id, labels, created_ns FROM leases');
    this.#delete = db.prepare('DELETE FROM leases WHERE namespace = ? AND id = ?');
    this.#insertResource = db.prepare('INSERT OR IGNORE INTO lease_resources (namespace, lease, type, id) VALUES (?, ?, ?, ?)');
    this.#listResources = db.prepare('SELECT type, id FROM lease_resources WHERE namespace = ? AND lease = ?');
    this.#deleteResource = db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND type = ? AND id = ?');
    this.#deleteResources = db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND lease = ?');
    this.#forgetResource = db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND type = ? AND id = ?');
  }

  /** @throws RecordsError `exists` */
  create(namespace: string, lease: LeaseRecord): void {
    const { changes } = this.#insert.run(namespace, lease.id, printLabels(lease.labels), lease.createdNs);
    if (changes === 0) throw new RecordsError('exists', `lease ${JSON.stringify(lease.id)}`);
  }

  list(): { namespace: string; lease: LeaseRecord; resources: LeaseResource[] }[] {
    return (this.#list.all() as Row[]).map(({ namespace, id, labels, created_ns: createdNs }) => ({
      namespace,
      lease: { id, labels: parseLabels(labels), createdNs },
      resources: this.#listResources.all(namespace, id) as LeaseResource[],
    }));
  }

  /** With all that it keeps. @throws RecordsError `not-found` */
  delete(namespace: string, id: string): void {
    if (this.#delete.run(namespace, id).changes === 0) throw notFound(id);
    this.#deleteResources.run(namespace, id);
  }

  /** @throws RecordsError `not-found` */
  addResource(namespace: string, id: string, { type, id: resource }: LeaseResource): void {
    if (!this.#has(namespace, id)) throw notFound(id);
    this.#insertResource.run(namespace, id, type, resource);
  }

  /** One that it does not keep: nothing to do. @throws RecordsError `not-found` */
  deleteResource(namespace: string, id: string, { type, id: resource }: LeaseResource): void {
    if (!this.#has(namespace, id)) throw notFound(id);
    this.#deleteResource.run(namespace, id, type, resource);
  }

  /** The lease that a client's call names keeps what the call makes. @param id undefined where it names none @throws RecordsError `not-found` */
  keep(namespace: string, id: string | undefined, { type, id: resource }: LeaseResource): void {
    if (id === undefined) return;
    if (!this.#has(namespace, id)) throw new RecordsError('not-found', 'lease does not exist');
    this.#insertResource.run(namespace, id, type, resource);
  }

  /** It is gone, or has become something else: no lease keeps it any more. */
  forgetResource(namespace: string, { type, id: resource }: LeaseResource): void {
    this.#forgetResource.run(namespace, type, resource);
  }

  #has(namespace: string, id: string): boolean {
    return this.#find.get(namespace, id) !== undefined;
  }
}

function notFound(id: string): RecordsError {
  return new RecordsError('not-found', `lease ${JSON.stringify(id)}`);
}
