import { existsSync, rmdirSync } from 'node:fs';

/** Directories that ctr, containerd and dockerd make wherever they are told to live. */
const commonDirectories = [
  '/run/containerd/fifo',
  '/run/containerd/s',
  '/run/containerd/runc',
  '/run/containerd',
  '/run/docker/plugins',
  '/run/docker',
  '/opt/containerd/bin',
  '/opt/containerd/lib',
  '/opt/containerd',
];

/** Remembers which of these were not there. */
export class CommonDirectories {
  readonly #absent = commonDirectories.filter((path) => !existsSync(path));

  /** Removes those that were not there and are empty again. */
  removeNew(): void {
    for (const path of this.#absent) {
      try {
        rmdirSync(path);
      } catch {
        // Not there, or somebody else's files are in it.
      }
    }
  }
}
