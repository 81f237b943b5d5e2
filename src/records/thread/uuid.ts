import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../../runtime/state-dir/whole-file';
import { errorCodeOf } from '../../sys/thrown';

/** This daemon's UUID, by which clients know it again: made once, and kept where containerd has its own. */
export function keptUuid(root: string): string {
  const path = join(root, 'io.containerd.grpc.v1.introspection', 'uuid');
  try {
    const kept = readFileSync(path, 'utf8').trim();
    if (kept !== '') return kept;
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
  const made = randomUUID();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    writeWhole(path, made);
  } catch {
    // A disk without room for it may have room for records: this one is for the daemon's life, and the next makes another.
  }
  return made;
}
