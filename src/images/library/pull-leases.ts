import { randomUUID } from 'node:crypto';
import type { Records } from '../../records/records';

/** What is being pulled by this lease. */
const PULL_LABEL = 'holdfast.pull';
const EXPIRE_LABEL = 'containerd.io/gc.expire';
/** A pull that was cut off is gone on with for as long. Milliseconds. */
const LEASE_MS = 24 * 3600 * 1000;
/** One that ends sooner may end in the middle of a pull. */
const LEAST_MS = LEASE_MS / 2;

/** The leases of pulls. One that was cut off, by the network or by a kill, leaves its lease, so that what has come is still there for the next one of the same name. */
export class PullLeases {
  readonly #inUse = new Set<string>();

  constructor(private readonly records: Records, private readonly namespace: string, private readonly nowNs: () => bigint) {}

  /** @param name of the image, in full @returns the lease's id: to be ended */
  async begin(name: string): Promise<string> {
    const nowNs = this.nowNs();
    const nowMs = Number(nowNs / 1_000_000n);
    const left = this.records.leases.list(this.namespace).find(({ id, labels }) => labels.get(PULL_LABEL) === name && !this.#inUse.has(id) && Date.parse(labels.get(EXPIRE_LABEL) ?? '') - nowMs > LEAST_MS);
    const id = left?.id ?? `holdfast-pull-${randomUUID()}`;
    this.#inUse.add(id);
    if (left !== undefined) return id;
    const labels = new Map([[EXPIRE_LABEL, new Date(nowMs + LEASE_MS).toISOString()], [PULL_LABEL, name]]);
    try {
      await this.records.leases.create(this.namespace, { id, labels, createdNs: nowNs });
    } catch (error) {
      this.#inUse.delete(id);
      throw error;
    }
    return id;
  }

  /** @param isOver what it keeps is of no more use; else it stays for who goes on with it @returns whether the lease is gone */
  async end(id: string, isOver: boolean): Promise<boolean> {
    this.#inUse.delete(id);
    const { leases } = this.records;
    if (!leases.has(this.namespace, id)) return true;
    if (!isOver && leases.resources(this.namespace, id).length > 0) return false;
    return leases.delete(this.namespace, id).then(() => true, () => false);
  }
}
