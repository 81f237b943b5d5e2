import { closeSync, existsSync, openSync, readSync } from 'node:fs';

import { errorCodeOf } from '../../sys/thrown';

const absences: ReadonlySet<unknown> = new Set(['ENOENT', 'ENODEV', 'ESRCH', 'EOPNOTSUPP']);

/**
 * Reads small files that the kernel makes up on reading (cgroup, proc), synchronously and through one
 * buffer: 10 µs a file, where promises would cost ten times as much.
 *
 * A file that is not there is not an error, as kernels differ in what they have; `someAbsent` tells that it
 * happened. All other errors are thrown as Node gives them.
 */
export class KernelFiles {
  /** Whether a file that was asked for was not there. */
  someAbsent = false;
  private buffer = Buffer.allocUnsafeSlow(8192);

  /** Whether the kernel has the file, for one of several of which one will do: a missing one costs an exception less. */
  has(path: string): boolean {
    return existsSync(path);
  }

  /** The whole file; undefined where the kernel has none. */
  text(path: string): string | undefined {
    return this.read(path, (fd) => this.readToEnd(fd));
  }

  /**
   * A file with one number; 0 where the kernel has none.
   * @param max what the word `max` (no limit) stands for
   */
  value(path: string, max = 0n): bigint {
    // One number comes with the first read: no need to ask for the end of the file.
    const text = this.read(path, (fd) => readSync(fd, this.buffer, 0, this.buffer.length, null));
    return text === undefined ? 0n : parseCount(text.trim(), max);
  }

  /** A file of lines `name value`; empty where the kernel has none. */
  table(path: string): Record<string, bigint> {
    const table: Record<string, bigint> = {};
    for (const line of (this.text(path) ?? '').split('\n')) {
      const space = line.indexOf(' ');
      if (space > 0) table[line.slice(0, space)] = parseCount(line.slice(space + 1), 0n);
    }
    return table;
  }

  private read(path: string, readFrom: (fd: number) => number): string | undefined {
    try {
      const fd = openSync(path, 'r');
      try {
        return this.buffer.toString('latin1', 0, readFrom(fd));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!isAbsence(error)) throw error;
      this.someAbsent = true;
      return undefined;
    }
  }

  private readToEnd(fd: number): number {
    for (let length = 0; ; ) {
      if (length === this.buffer.length) this.buffer = Buffer.concat([this.buffer, Buffer.alloc(length)]);
      const count = readSync(fd, this.buffer, length, this.buffer.length - length, null);
      if (count === 0) return length;
      length += count;
    }
  }
}

/**
 * Whether an error of `node:fs` says that the kernel does not have the file: never had it (ENOENT), its
 * cgroup was removed after the open (ENODEV), its process has ended (ESRCH), or the cgroup is of a kind
 * without it (EOPNOTSUPP: cgroup.procs of a threaded cgroup, Documentation/admin-guide/cgroup-v2.rst).
 */
export function isAbsence(error: unknown): boolean {
  return absences.has(errorCodeOf(error));
}

/** An unsigned number as the kernel prints it; 0 for what is none. */
export function parseCount(text: string, max: bigint): bigint {
  if (text === 'max') return max;
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
