import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';

/** How many descriptors a process has open. */
export function openDescriptors(pid: number): number {
  return numbersOf(pid).length;
}

/** What they lead to; of one that is closed meanwhile nothing. */
export function openPaths(pid: number): string[] {
  return numbersOf(pid).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${String(pid)}/fd/${String(fd)}`)];
    } catch {
      return [];
    }
  });
}

/**
 * Lowers a running process's soft limit of open files (prlimit(1)) so far that it can open `room` more, and none after that.
 * @returns gives it the limit back that it had
 */
export function leaveDescriptors(pid: number, room: number): () => void {
  const before = softLimitOf(pid);
  const open = new Set(numbersOf(pid));
  // A new descriptor gets the lowest number that is free, and may not reach the limit (getrlimit(2)).
  let limit = 0;
  for (let free = 0; free < room || open.has(limit); limit += 1) if (!open.has(limit)) free += 1;
  setSoftLimit(pid, String(limit));
  return () => {
    setSoftLimit(pid, before);
  };
}

function numbersOf(pid: number): number[] {
  return readdirSync(`/proc/${String(pid)}/fd`).map(Number);
}

function softLimitOf(pid: number): string {
  return prlimit(pid, '--nofile', '--output', 'SOFT', '--noheadings').trim();
}

/** The hard limit stays: a process that lost it could not be given it back by an ordinary user. */
function setSoftLimit(pid: number, soft: string): void {
  prlimit(pid, `--nofile=${soft}:`);
}

function prlimit(pid: number, ...args: readonly string[]): string {
  return execFileSync('prlimit', ['--pid', String(pid), ...args], { encoding: 'utf8' });
}
