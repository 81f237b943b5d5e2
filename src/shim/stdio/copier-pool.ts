import { CopierProcess } from './copier-process';
import type { Copiers, FileCopy } from './file-copy';
import type { ShimLog } from '../log';
import type { ChildReaper } from '../../sys/process/children';

/** How long a copier without work is kept. */
const IDLE_MS = 2000;

/** Each may hang for ever with its file system. What is beyond is shared. */
const MOST_COPIERS = 16;

export interface CopierPoolOptions {
  readonly reaper: ChildReaper;
  readonly log: ShimLog;
  /** The directory that the shim serves, for process lists. */
  readonly place: string;
  /** Called when the last copier has ended. */
  readonly onEmpty: () => void;
}

/**
 * The copiers of a shim: processes that touch the files of stdio in its place, one for each file system, started when there is something to copy
 * and ended soon after the last of it. One that dies is replaced, and its copies go on.
 */
export class CopierPool implements Copiers {
  private readonly copiers = new Map<string, CopierProcess>();
  private readonly copierOf = new Map<FileCopy, CopierProcess>();

  constructor(private readonly options: CopierPoolOptions) {}

  /** How many copiers run. */
  get size(): number {
    return this.copiers.size;
  }

  submit(copy: FileCopy): void {
    const copier = this.copierFor(copy.device);
    this.copierOf.set(copy, copier);
    void copy.ended.then(() => this.copierOf.delete(copy));
    copier.submit(copy);
  }

  async flush(copy: FileCopy): Promise<void> {
    await this.copierOf.get(copy)?.flush(copy);
  }

  atWork(copy: FileCopy): number | undefined {
    return this.copierOf.get(copy)?.atWork;
  }

  drop(copy: FileCopy): void {
    this.copierOf.get(copy)?.drop(copy);
  }

  close(): void {
    for (const copier of this.copiers.values()) copier.close();
    this.copiers.clear();
  }

  private copierFor(device: string): CopierProcess {
    const known = this.copiers.get(device);
    if (known !== undefined) return known;
    if (this.copiers.size >= MOST_COPIERS) {
      const [least] = [...this.copiers.values()].sort((one, other) => one.load - other.load);
      if (least !== undefined) return least;
    }
    const { reaper, log, place } = this.options;
    const copier = new CopierProcess({ reaper, log, place, idleMs: IDLE_MS, onGone: () => this.gone(device, copier) });
    this.copiers.set(device, copier);
    return copier;
  }

  private gone(device: string, copier: CopierProcess): void {
    if (this.copiers.get(device) === copier) this.copiers.delete(device);
    if (this.copiers.size === 0) this.options.onEmpty();
  }
}
