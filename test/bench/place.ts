import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

// statfs(2)
const TMPFS_MAGIC = 0x01021994;

/**
 * Where the state of both sides is kept: a tmpfs, which /run is on all but a few machines, and a daemon's state
 * and a runtime's are below it. On a disk the event log would measure the disk.
 */
export function placeForState(): string {
  return ['/run', '/dev/shm'].find(isInMemory) ?? tmpdir();
}

/** What outlives a boot is kept below /var/lib: on a disk, where the machine has one. Undefined: it has none. */
export function placeOnDisk(): string | undefined {
  return ['/var/lib', '/var/tmp'].find((path) => !isInMemory(path));
}

function isInMemory(path: string): boolean {
  return statfsSync(path, { bigint: false }).type === TMPFS_MAGIC;
}
