import { closeSync } from 'node:fs';
import type { HeldDescriptors } from './our-shim';
import type { ShimFleet } from './shim-fleet';

export type { HeldDescriptors } from './our-shim';

/** Has the shim for new processes hold descriptors, which so outlive this daemon. This one has them, too: they outlive the shim. */
export class DescriptorKeeper {
  /** By which shim each set is held. */
  readonly #holders = new Map<string, string>();

  constructor(private readonly fleet: Pick<ShimFleet, 'current' | 'running' | 'find'>) {}

  /** Once it is resolved, the shim for new processes holds them. May be done again. @throws WorkError */
  async hold(set: HeldDescriptors): Promise<void> {
    const shim = await this.fleet.current();
    await shim.hold(set);
    this.#holders.set(set.name, shim.name);
  }

  /** Whether the shim that would be asked for a new process holds it. */
  async isHeld(name: string): Promise<boolean> {
    const holder = this.#holders.get(name);
    return holder !== undefined && this.fleet.find(holder) !== undefined && (await this.fleet.current()).name === holder;
  }

  /** Also one that is not held any more. */
  async release(name: string): Promise<void> {
    this.#holders.delete(name);
    await Promise.all(this.fleet.running.map((shim) => shim.release(name).catch(() => undefined)));
  }

  /** What is held of a daemon of before; the descriptors are the receiver's. */
  async held(): Promise<readonly HeldDescriptors[]> {
    const found = new Map<string, HeldDescriptors>();
    for (const shim of this.fleet.running) {
      for (const set of await shim.held().catch(() => [])) {
        for (const fd of found.get(set.name)?.fds ?? []) closeSync(fd);
        found.set(set.name, set);
        this.#holders.set(set.name, shim.name);
      }
    }
    return [...found.values()];
  }
}
