import { dirname } from 'node:path';
import { ShimError } from '../errors';
import type { ManagedProcess } from './managed-process';

/** All processes of this shim, by their directories. */
export class ProcessTable implements Iterable<ManagedProcess> {
  private readonly byDir = new Map<string, ManagedProcess>();

  get size(): number {
    return this.byDir.size;
  }

  get(dir: string): ManagedProcess | undefined {
    return this.byDir.get(dir);
  }

  /** @throws ShimError `bad-request` for a directory whose process is here already */
  add(entry: ManagedProcess): void {
    const { dir } = entry.identity;
    if (this.byDir.has(dir)) throw new ShimError('bad-request', `${dir}: this process was taken before`);
    this.byDir.set(dir, entry);
  }

  /** To be called before its exit FIFO is let go: the daemon may use the directory anew at once. */
  remove(entry: ManagedProcess): void {
    this.byDir.delete(entry.identity.dir);
  }

  /** The processes of init's container beside it: another namespace may have a container of the same id. */
  execsOf(init: ManagedProcess): readonly ManagedProcess[] {
    const containerDir = dirname(init.identity.dir);
    return [...this.byDir.values()].filter((entry) => dirname(entry.identity.dir) === containerDir && !entry.isInit);
  }

  [Symbol.iterator](): Iterator<ManagedProcess> {
    return this.byDir.values();
  }
}
