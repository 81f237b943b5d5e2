import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of a machine's proc and cgroup files, from test/fixtures/cgroup. */
export interface RecordedTree {
  readonly root: string;
  readonly procRoot: string;
  /** Where the cgroup file systems are. */
  readonly cgroupRoot: string;
  remove(): void;
}

/** The copy's mountinfo names the copy's directories. */
export function copyRecordedTree(name: 'v1' | 'v2' | 'hybrid'): RecordedTree {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-cgroup-'));
  cpSync(join(__dirname, '../../../fixtures/cgroup', name), root, { recursive: true });
  const procRoot = join(root, 'proc');
  const mountinfo = join(procRoot, 'self/mountinfo');
  writeFileSync(mountinfo, readFileSync(mountinfo, 'utf8').replaceAll('@ROOT@', root));
  return {
    root,
    procRoot,
    cgroupRoot: join(root, 'sys/fs/cgroup'),
    remove: () => rmSync(root, { recursive: true }),
  };
}
