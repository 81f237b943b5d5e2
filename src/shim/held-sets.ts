import { closeSync } from 'node:fs';
import { nothingSaid, saidWith } from '../runtime/notice';
import type { HeldSet } from '../runtime/shim-protocol';
import { secondsSinceBoot } from '../sys/boot';
import type { Poller, Watch } from '../sys/poller';
import { receiveText } from '../sys/sockets/datagram-socket';
import type { Keep } from './handover/state';

/**
 * Descriptors that are held for the daemon under names: they outlive it, and what it is that it gives them to. Sockets of sd_notify(3) are
 * heard while no daemon is there: a queue holds ten messages (net.unix.max_dgram_qlen), and whoever sends more would wait.
 */
export class HeldSets {
  readonly #sets = new Map<string, HeldSet>();
  /** How many launches are being given them. */
  readonly #lent = new Map<readonly number[], number>();
  readonly #watches = new Map<string, readonly Watch[]>();
  #isHearing = false;

  /** @param onEmpty nothing is held any more */
  constructor(private readonly poller: Poller, private readonly onEmpty: () => void) {}

  get size(): number {
    return this.#sets.size;
  }

  get all(): readonly HeldSet[] {
    return [...this.#sets.values()];
  }

  /** They stay this object's, and stay open until `use` is settled, whatever is put in their place or released meanwhile. Undefined: nothing is held so. */
  async lend<T>(name: string, use: (fds: readonly number[] | undefined) => Promise<T>): Promise<T> {
    const fds = this.#sets.get(name)?.fds;
    if (fds === undefined) return await use(undefined);
    this.#lent.set(fds, (this.#lent.get(fds) ?? 0) + 1);
    try {
      return await use(fds);
    } finally {
      const left = (this.#lent.get(fds) ?? 1) - 1;
      if (left > 0) this.#lent.set(fds, left);
      else this.#lent.delete(fds);
      if (!this.all.some((set) => set.fds === fds)) this.#close(fds);
    }
  }

  /** The descriptors are this object's from now on. With `said`, even if that is nothing, they are heard where no daemon is. */
  put(set: HeldSet): void {
    this.#unwatch(set.name);
    const before = this.#sets.get(set.name);
    this.#sets.set(set.name, set);
    if (before !== undefined) this.#close(before.fds);
    if (this.#isHearing) this.#watch(set);
  }

  /** One that is not there is fine. */
  release(name: string): void {
    const set = this.#sets.get(name);
    if (set === undefined) return;
    this.#unwatch(name);
    this.#sets.delete(name);
    this.#close(set.fds);
    if (this.size === 0) this.onEmpty();
  }

  /** No daemon is there (any more), or one is: then it hears itself. */
  hear(isHearing: boolean): void {
    if (this.#isHearing === isHearing) return;
    this.#isHearing = isHearing;
    for (const set of this.all) {
      if (isHearing) this.#watch(set);
      else this.#unwatch(set.name);
    }
  }

  handOver(keep: Keep): readonly HeldSet[] {
    for (const { fds } of this.#sets.values()) fds.forEach(keep);
    return this.all;
  }

  /** Of a set that is held no more; what is lent is closed once it is not. */
  #close(fds: readonly number[]): void {
    if (!this.#lent.has(fds)) for (const fd of fds) closeSync(fd);
  }

  #watch({ name, fds, said }: HeldSet): void {
    if (said === undefined) return;
    this.#watches.set(name, fds.map((fd) => this.poller.watch(fd, { in: true }, () => { this.#take(name, fd); })));
  }

  #unwatch(name: string): void {
    for (const watch of this.#watches.get(name) ?? []) watch.close();
    this.#watches.delete(name);
  }

  #take(name: string, fd: number): void {
    const set = this.#sets.get(name);
    const text = receiveText(fd);
    if (set === undefined || text === undefined) return;
    this.#sets.set(name, { ...set, said: saidWith(set.said ?? nothingSaid, text, Math.round(secondsSinceBoot() * 1000)) });
  }
}
