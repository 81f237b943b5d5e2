import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const PREFIX = 'holdfastctl-';

/** Makes a directory for a process's FIFOs that nobody else can enter, and returns its path. */
export function makeFifoDirectory(): string {
  return mkdtempSync(join(tmpdir(), PREFIX));
}

/** Whether a path of a process's stdio is in such a directory, of whatever client. */
export function isInFifoDirectory(stdioPath: string): boolean {
  return basename(dirname(stdioPath)).startsWith(PREFIX);
}

/**
 * Removes the directory that a path of a process's stdio is in, if it is one of makeFifoDirectory's: for a process
 * that was detached from and is over. Any other path is left alone.
 */
export function removeFifoDirectoryOf(stdioPath: string): void {
  const directory = dirname(stdioPath);
  if (dirname(directory) !== tmpdir() || !basename(directory).startsWith(PREFIX)) return;
  rmSync(directory, { recursive: true, force: true });
}
