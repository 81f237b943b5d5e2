import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from './metrics';

/** Memory of one process, in bytes. */
export interface Memory {
  /** Resident pages, shared ones in full. */
  readonly rssBytes: number;
  /** Resident pages, those shared by n processes at an n-th. */
  readonly pssBytes: number;
}

/**
 * Reads `/proc/<pid>/smaps_rollup` (Linux 4.14, proc_pid_smaps(5)); its figures are in KiB. The kernel
 * walks the page tables for it: a millisecond for a process of 50 MB, so not for a hot path.
 *
 * @throws the error of the file system: ENOENT, or ESRCH where the process has just ended
 */
export function memoryOf(pid: number | 'self'): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss') };
}

/**
 * Provides the gauges that the kernel knows: memory of daemon and shims, open descriptors.
 *
 * @param shimPids the shims that live now
 */
export function provideProcessGauges(metrics: Metrics, shimPids: () => readonly number[]): void {
  const total = (field: keyof Memory) => shimPids().reduce((sum, pid) => sum + memoryOf(pid)[field], 0);
  metrics.provide('daemon-memory-rss', () => memoryOf('self').rssBytes);
  metrics.provide('daemon-memory-pss', () => memoryOf('self').pssBytes);
  metrics.provide('shim-memory-rss', () => total('rssBytes'));
  metrics.provide('shim-memory-pss', () => total('pssBytes'));
  // Less the one that reads the directory.
  metrics.provide('fds', () => readdirSync('/proc/self/fd').length - 1);
}
