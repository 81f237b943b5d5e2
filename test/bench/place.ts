import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

// statfs(2)
const TMPFS_MAGIC = 0x01021994;

/**
 * Where the state of both sides is kept: a tmpfs, which /run is on all but a few machines, and a daemon's state
 * and a runtime's are below it. On a disk the event log would measure the disk.
 */
export function placeForState(): string {
  return ['/run', '/dev/shm'].find((path) => statfsSync(path, { bigint: false }).type === TMPFS_MAGIC) ?? tmpdir();
}
