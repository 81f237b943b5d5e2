import { closeSync, openSync, readSync } from 'node:fs';

import { isAbsence } from './kernel-files';
import { parseOomCount } from './oom-kills';
import type { OomSource } from './oom-source';

/**
 * cgroup version 2: the file `memory.events` (cgroup-v2.rst), which includes the cgroups below. The kernel counts
 * first and notifies then, so nothing is ever unsettled. A change makes the file ready for POLLPRI until it
 * is read again; one that was opened and never read is ready at once.
 */
export class OomEventsSource implements OomSource {
  readonly fd: number;
  readonly interest = 'pri';
  readonly unsettled = false;
  readonly presumed = 0;
  /** Version 2 knows no cgroup where nobody may be killed. */
  readonly stalls = 0;
  private told: number;
  private closed = false;

  /** @throws what `node:fs` throws where the cgroup is gone */
  constructor(path: string, knownKills: number | undefined) {
    this.fd = openSync(path, 'r');
    try {
      // With a known count the file is left unread, and so is ready: the first consume() compares.
      this.told = knownKills ?? this.readCount() ?? 0;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get kills(): number {
    return this.told;
  }

  consume(): number {
    if (this.closed) return 0;
    const kills = Math.max(0, (this.readCount() ?? 0) - this.told);
    this.told += kills;
    return kills;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
  }

  /** Undefined where the cgroup has been removed. */
  private readCount(): number | undefined {
    const text = Buffer.allocUnsafe(512);
    try {
      return parseOomCount(text.toString('latin1', 0, readSync(this.fd, text, 0, text.length, 0))).kills;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }
}
