import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ContainerCgroup } from './cgroup';
import { cgroupMounts } from './find';

/** As long after the last pause as another is likely to come. */
const usualIdleMs = 60_000;

/**
 * A cgroup of version 1 without processes that stays frozen while containers are paused now and then. With the first frozen cgroup of the machine
 * the kernel patches its own code, on all processors, and with the last one that is thawed it patches it back (the static key `freezer_active`, since
 * Linux 6.1; `freezer_apply_state` in kernel/cgroup/legacy_freezer.c): 2 to 5 ms each on a virtual machine with two, where all else of a pause takes
 * half of one. While this one is frozen, no other is the first or the last.
 *
 * Where it cannot be made, containers are paused all the same. One that a killed daemon has left harms nobody, and the next one of the same
 * state directory removes it.
 */
export class FrozenCgroup {
  readonly #directory: string | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** @param idleMs how long it stays after the last pause */
  constructor(stateDir: string, private readonly idleMs = usualIdleMs, procRoot = '/proc') {
    const hierarchy = cgroupMounts(procRoot).find(({ version, root, options }) => version === 1 && root === '/' && options.includes('freezer'));
    this.#directory = hierarchy === undefined ? undefined : join(hierarchy.mountPoint, frozenCgroupOf(stateDir));
    this.#remove();
  }

  /** Before that container is paused. */
  hold(cgroup: ContainerCgroup): void {
    if (this.#directory === undefined || cgroup.controllers['freezer'] === undefined) return;
    if (this.#idle === undefined) this.#make(this.#directory);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => { this.close(); }, this.idleMs).unref();
  }

  close(): void {
    clearTimeout(this.#idle);
    if (this.#idle !== undefined) this.#remove();
    this.#idle = undefined;
  }

  #make(directory: string): void {
    try {
      mkdirSync(directory);
      writeFileSync(join(directory, 'freezer.state'), 'FROZEN', { flag: 'r+' });
    } catch {
      // Read-only, or no room for another cgroup: a pause takes the longer without.
    }
  }

  #remove(): void {
    try {
      if (this.#directory !== undefined) rmdirSync(this.#directory);
    } catch {
      // Mostly there is none.
    }
  }
}

/** Its path below the root of the hierarchy: each daemon has one of its own. */
export function frozenCgroupOf(stateDir: string): string {
  return `/holdfast-frozen-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
}
