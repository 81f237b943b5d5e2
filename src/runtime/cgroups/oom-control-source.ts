import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';

import { createEventFd, readSome } from '../../sys/files/files';
import { isAbsence, KernelFiles } from './kernel-files';
import { killsBelow, type OomCount, parseOomCount } from './oom-kills';
import type { OomSource, OomSourceOptions } from './oom-source';

/** For how long an announced OOM may still be about to kill. The kernel takes microseconds, under load milliseconds. */
const settleMs = 1000;
/**
 * Where nobody is killed, each process that gets some memory after all, and then no more, announces the same want anew. Nothing
 * is announced while all of them wait, so that what comes after a pause is another time.
 */
const stallPauseMs = 1000;

/**
 * cgroup version 1: an eventfd registered on `memory.oom_control` through `cgroup.event_control` (memory.rst, "OOM
 * Control"). The eventfd counts: one for each OOM *announced*, before a process is picked and `oom_kill`
 * rises, and one for the removal of the cgroup, shortly after its files are gone.
 *
 * So the count in the file decides. Once the file is gone, the announcements that were not settled by then, less
 * the one that is the removal, are all that is known here: `presumed`. The kernel may announce the same kill twice.
 *
 * With `oom_kill_disable` nothing is killed and nothing counted: who wants memory waits for it, and `under_oom` says so.
 */
export class OomControlSource implements OomSource {
  readonly fd: number;
  readonly interest = 'in';
  /** Kept open: it reads this cgroup's file for good, and never that of a later one of the same name. */
  private readonly controlFd: number;
  /** Kills by directory, the container's own included; empty where the kernel does not count. */
  private counted: ReadonlyMap<string, number> = new Map();
  /** Kills of before the opening that have not been told of. */
  private missed = 0;
  private announced = 0;
  private announcedAt = 0;
  private killDisabled = false;
  private isOut = false;
  private gone = false;
  private told: number;
  private stalled: number;
  private stallAnnouncedAt = -Infinity;
  private closed = false;

  /** @throws what `node:fs` throws where the cgroup is gone, and SysError without descriptors */
  constructor(
    private readonly directory: string,
    { knownKills, knownStalls = 0 }: Pick<OomSourceOptions, 'knownKills' | 'knownStalls'>,
    private readonly now: () => number,
  ) {
    this.controlFd = openSync(`${directory}/memory.oom_control`, 'r');
    try {
      this.fd = createEventFd();
    } catch (error) {
      closeSync(this.controlFd);
      throw error;
    }
    try {
      writeFileSync(`${directory}/cgroup.event_control`, `${this.fd} ${this.controlFd}`, { flag: 'r+' });
      // Counted after the registration, so that no kill falls between the two.
      const before = this.countRise();
      this.told = knownKills ?? before;
      this.stalled = knownStalls;
      this.missed = Math.max(0, before - (this.told - knownStalls));
      // A registration announces a want that is there already: one that was told of, or is not this container's.
      if (this.isStalled && (knownKills === undefined || knownStalls > 0)) {
        this.readEventFd();
        this.stallAnnouncedAt = this.now();
      }
      // An announcement of our own making, so that the poller comes for them.
      if (this.missed > 0) writeSync(this.fd, new Uint8Array(BigUint64Array.of(1n).buffer));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get kills(): number {
    return this.told;
  }

  get stalls(): number {
    return this.stalled;
  }

  get unsettled(): boolean {
    return this.mayBeKilling && this.presumed === 0 && this.now() - this.announcedAt < settleMs;
  }

  get presumed(): number {
    return this.gone && this.mayBeKilling && this.announced >= 2 ? 1 : 0;
  }

  consume(): number {
    if (this.closed) return 0;
    if (!this.unsettled && this.presumed === 0) this.announced = 0;
    const announcements = this.readEventFd();
    if (announcements > 0) {
      this.announced += announcements;
      this.announcedAt = this.now();
    }
    const kills = this.missed + this.countRise();
    this.missed = 0;
    this.announced = Math.max(0, this.announced - kills);
    const stalls = announcements > 0 ? this.countStall() : 0;
    this.stalled += stalls;
    this.told += kills + stalls;
    return kills + stalls;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.controlFd);
    // Ends the registration too.
    closeSync(this.fd);
  }

  private get mayBeKilling(): boolean {
    return this.announced > 0 && !this.killDisabled;
  }

  private get isStalled(): boolean {
    return this.killDisabled && this.isOut && !this.gone;
  }

  /** @returns 1 where what was announced is another stall, and not the same one again */
  private countStall(): 0 | 1 {
    if (!this.isStalled) return 0;
    const pausedMs = this.now() - this.stallAnnouncedAt;
    this.stallAnnouncedAt = this.now();
    return pausedMs >= stallPauseMs ? 1 : 0;
  }

  /** How many kills there are that were not there at the last call. */
  private countRise(): number {
    const count = this.readControl();
    if (count === undefined) {
      this.gone = true;
      return 0;
    }
    this.killDisabled = count.killDisabled;
    this.isOut = count.isOut;
    // Without a count: the cgroup is there, so it is no removal that was announced.
    if (count.kills === undefined) return this.killDisabled ? 0 : this.announced;
    const counts = killsBelow(new KernelFiles(), this.directory).set(this.directory, count.kills);
    // A cgroup below that was removed meanwhile must not be offset against another's kills.
    const rises = [...counts].map(([directory, kills]) => Math.max(0, kills - (this.counted.get(directory) ?? 0)));
    this.counted = counts;
    return rises.reduce((sum, rise) => sum + rise, 0);
  }

  private readControl(): OomCount | undefined {
    const text = Buffer.allocUnsafe(256);
    try {
      return parseOomCount(text.toString('latin1', 0, readSync(this.controlFd, text, 0, text.length, 0)));
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** eventfd(2): a read gives the sum of what was written since the last one, 8 bytes in the host's order. */
  private readEventFd(): number {
    const value = Buffer.alloc(8);
    const read = readSome(this.fd, value);
    return read === value.length ? Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)) : 0;
  }
}
