import { readFileSync } from 'node:fs';

import { check } from './errors';
import { libc } from './native';

/** Ticks in a second of what the kernel shows user programs (USER_HZ, proc(5)): 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Names this boot of the machine, and no other: random(4). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** clock_gettime(2). */
const CLOCK_BOOTTIME = 7;
/** struct timespec: seconds and nanoseconds, 64 bits each. */
const timespec = Buffer.alloc(16);

/** Seconds since the machine was started, also those that it slept: those of /proc/uptime, which costs a hundred times as much to read. */
export function secondsSinceBoot(): number {
  check(libc.clockGettime(CLOCK_BOOTTIME, timespec), 'clock_gettime');
  return Number(timespec.readBigInt64LE(0)) + Number(timespec.readBigInt64LE(8)) / 1e9;
}

/** How long a process runs that was started at `starttime` (field 22 of /proc/<pid>/stat), in seconds. */
export function secondsSinceStart(starttime: string): number {
  return Math.max(0, secondsSinceBoot() - Number(starttime) / ticksPerSecond);
}

/** Further apart than two readings of both clocks ever are: one of them was set. */
const setMs = 1000;

/** When processes were started, by the wall clock: the same answer each time, unless that is set. The kernel counts from the machine's start. */
export class StartClock {
  #bootedMs: number | undefined;

  /** @param starttime field 22 of /proc/<pid>/stat @returns nanoseconds since 1970, to the kernel's hundredth of a second */
  startedNs(starttime: string): bigint {
    const bootedMs = Date.now() - secondsSinceBoot() * 1000;
    // Each reading is some milliseconds off: the first one holds.
    if (this.#bootedMs === undefined || Math.abs(bootedMs - this.#bootedMs) > setMs) this.#bootedMs = bootedMs;
    return BigInt(Math.round(this.#bootedMs + (Number(starttime) / ticksPerSecond) * 1000)) * 1_000_000n;
  }
}
