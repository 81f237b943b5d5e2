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

  /** They stay this object's. Undefined: nothing is held so. */
  fdsOf(name: string): readonly number[] | undefined {
    return this.#sets.get(name)?.fds;
  }

  /** The descriptors are this object's from now on. With `said`, even if that is nothing, they are heard where no daemon is. */
  put(set: HeldSet): void {
    this.#unwatch(set.name);
    const before = this.#sets.get(set.name);
    this.#sets.set(set.name, set);
    for (const fd of before?.fds ?? []) closeSync(fd);
    if (this.#isHearing) this.#watch(set);
  }

  /** One that is not there is fine. */
  release(name: string): void {
    const set = this.#sets.get(name);
    if (set === undefined) return;
    this.#unwatch(name);
    this.#sets.delete(name);
    for (const fd of set.fds) closeSync(fd);
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
