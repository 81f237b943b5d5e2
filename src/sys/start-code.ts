import { readFileSync } from 'node:fs';
import { libc } from './native';

/** madvise(2). Of a private mapping of a file that nobody has written to, the next access finds the file's page again. */
const MADV_DONTNEED = 4;

/** One of this process's mappings: proc_pid_maps(5). */
interface Mapping {
  readonly start: number;
  readonly end: number;
  /** `r-xp`. */
  readonly permissions: string;
  /** Empty where no file is mapped. */
  readonly path: string;
}

/**
 * Lets go of Node's own code and constants, once a program has started: half of what it had to read for that it never needs again. What it does need is mapped again
 * in passing, from the kernel's page cache, sixteen pages at a time. To be called at the end of a start, and of a thread's. Where there is no descriptor left to look with, all stays as it is.
 */
export function letGoOfStartCode(): void {
  for (const { start, end } of untouched(mappings(), process.execPath)) libc.madvise(start, end - start, MADV_DONTNEED);
}

/**
 * Mappings of the program that are as they are in the file: those that cannot be written, but for the one before its data, which the dynamic linker has
 * written to before it was closed (`PT_GNU_RELRO`, elf(5)).
 */
export function untouched(all: readonly Mapping[], program: string): Mapping[] {
  return all.filter(({ permissions, path, end }, at) => {
    const next = all[at + 1];
    const isBeforeData = next?.start === end && next.permissions.includes('w');
    return path === program && /^r-[-x]p$/.test(permissions) && !isBeforeData;
  });
}

function mappings(): Mapping[] {
  try {
    return parseMappings(readFileSync('/proc/self/maps', 'latin1'));
  } catch {
    return [];
  }
}

export function parseMappings(text: string): Mapping[] {
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/gm)].map(([, start = '', end = '', permissions = '', path = '']) => ({
    start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), permissions, path,
  }));
}
