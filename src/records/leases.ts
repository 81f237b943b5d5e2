import { RecordsError } from './errors';
import type { LeaseRecord, LeaseResource } from './lease-record';
import type { Namespaces } from './namespaces';
import type { Writer } from './writer';

interface Kept {
  readonly lease: LeaseRecord;
  /** By type and id. */
  readonly resources: Map<string, LeaseResource>;
}

/** The leases of each namespace; any text is an id. */
export class Leases {
  readonly #leases = new Map<string, Map<string, Kept>>();

  constructor(
    private readonly writer: Writer,
    private readonly namespaces: Namespaces,
  ) {}

  /** @throws RecordsError `exists` */
  async create(namespace: string, lease: LeaseRecord): Promise<void> {
    await this.writer.change('createLease', [namespace, lease], () => {
      this.load(namespace, lease, []);
      this.namespaces.loadIfNew(namespace);
    });
  }

  has(namespace: string, id: string): boolean {
    return this.#find(namespace, id) !== undefined;
  }

  /** By id. */
  list(namespace: string): LeaseRecord[] {
    return [...(this.#leases.get(namespace)?.values() ?? [])].map(({ lease }) => lease).sort((a, b) => inOrder(a.id, b.id));
  }

  /** With all that it keeps. @throws RecordsError `not-found` */
  async delete(namespace: string, id: string): Promise<void> {
    await this.writer.change('deleteLease', [namespace, id], () => { this.forget(namespace, id); });
  }

  /** @throws RecordsError `not-found` */
  async addResource(namespace: string, id: string, resource: LeaseResource): Promise<void> {
    await this.writer.change('addLeaseResource', [namespace, id, resource], () => {
      this.#find(namespace, id)?.resources.set(keyOf(resource), resource);
    });
  }

  /** One that it does not keep: nothing to do. @throws RecordsError `not-found` */
  async deleteResource(namespace: string, id: string, resource: LeaseResource): Promise<void> {
    await this.writer.change('deleteLeaseResource', [namespace, id, resource], () => {
      this.#find(namespace, id)?.resources.delete(keyOf(resource));
    });
  }

  /** By type and id. @throws RecordsError `not-found` */
  resources(namespace: string, id: string): LeaseResource[] {
    const kept = this.#find(namespace, id);
    if (kept === undefined) throw new RecordsError('not-found', `lease ${JSON.stringify(id)}`);
    return [...kept.resources.values()].sort((a, b) => inOrder(a.type, b.type) || inOrder(a.id, b.id));
  }

  /** It is on the disk. */
  load(namespace: string, lease: LeaseRecord, resources: readonly LeaseResource[]): void {
    const leases = this.#leases.get(namespace) ?? new Map<string, Kept>();
    this.#leases.set(namespace, leases.set(lease.id, { lease, resources: new Map(resources.map((one) => [keyOf(one), one])) }));
  }

  /** It is not on the disk any more. */
  forget(namespace: string, id: string): void {
    this.#leases.get(namespace)?.delete(id);
  }

  /** It keeps this, too, on the disk. @param id undefined: nothing to do */
  loadResource(namespace: string, id: string | undefined, resource: LeaseResource): void {
    if (id !== undefined) this.#find(namespace, id)?.resources.set(keyOf(resource), resource);
  }

  /** No lease keeps this on the disk any more. */
  forgetResource(namespace: string, resource: LeaseResource): void {
    for (const { resources } of this.#leases.get(namespace)?.values() ?? []) resources.delete(keyOf(resource));
  }

  #find(namespace: string, id: string): Kept | undefined {
    return this.#leases.get(namespace)?.get(id);
  }
}

function keyOf({ type, id }: LeaseResource): string {
  return JSON.stringify([type, id]);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
