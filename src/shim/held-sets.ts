import { closeSync } from 'node:fs';
import type { HeldSet } from '../runtime/shim-protocol';
import type { Keep } from './handover/state';

/** Descriptors that are held for the daemon under names: they outlive it, and what it is that it gives them to. */
export class HeldSets {
  readonly #sets = new Map<string, HeldSet>();

  /** @param onEmpty nothing is held any more */
  constructor(private readonly onEmpty: () => void) {}

  get size(): number {
    return this.#sets.size;
  }

  get all(): readonly HeldSet[] {
    return [...this.#sets.values()];
  }

  /** They stay this object's. Undefined: nothing is held so. */
  fdsOf(name: string): readonly number[] | undefined {
    return this.#sets.get(name)?.fds;
  }

  /** The descriptors are this object's from now on. */
  put(set: HeldSet): void {
    const before = this.#sets.get(set.name);
    this.#sets.set(set.name, set);
    for (const fd of before?.fds ?? []) closeSync(fd);
  }

  /** One that is not there is fine. */
  release(name: string): void {
    const set = this.#sets.get(name);
    if (set === undefined) return;
    this.#sets.delete(name);
    for (const fd of set.fds) closeSync(fd);
    if (this.size === 0) this.onEmpty();
  }

  handOver(keep: Keep): readonly HeldSet[] {
    for (const { fds } of this.#sets.values()) fds.forEach(keep);
    return this.all;
  }
}
