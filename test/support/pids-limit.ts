import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// cgroups(7): where every distribution mounts them.
const version2Root = '/sys/fs/cgroup';
const version1Root = '/sys/fs/cgroup/pids';

/** A cgroup that bounds how many processes and threads some programs, and all that they start, may have (pids controller). */
export class PidsLimit {
  readonly #directory: string;
  readonly #root: string;

  constructor(name: string) {
    this.#root = existsSync(version1Root) ? version1Root : version2Root;
    this.#directory = join(this.#root, name);
    if (this.#root === version2Root) writeFileSync(join(version2Root, 'cgroup.subtree_control'), '+pids');
    mkdirSync(this.#directory);
  }

  /** Counts this program with all its threads, and what it starts from now on. */
  add(pid: number): void {
    writeFileSync(join(this.#directory, 'cgroup.procs'), String(pid));
  }

  /** Processes and threads that count now. */
  get current(): number {
    return Number(readFileSync(join(this.#directory, 'pids.current'), 'utf8'));
  }

  /** So many more may be started. */
  leave(room: number): void {
    writeFileSync(join(this.#directory, 'pids.max'), String(this.current + room));
  }

  /** Without a bound again. */
  lift(): void {
    writeFileSync(join(this.#directory, 'pids.max'), 'max');
  }

  /** Lets all go that is left, and removes it. */
  remove(): void {
    for (const pid of readFileSync(join(this.#directory, 'cgroup.procs'), 'utf8').split('\n')) {
      if (pid !== '') writeFileSync(join(this.#root, 'cgroup.procs'), pid);
    }
    rmdirSync(this.#directory);
  }
}
