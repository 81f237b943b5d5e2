import { randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sharedRootfs } from '../../support/rootfs';
import type { Dockerd } from './dockerd';
import { mustRun } from './program';

/** Has dockerd import busybox as the image `busybox`: no registry is asked for anything. */
export async function importImage(dockerd: Dockerd): Promise<void> {
  const tar = join(process.env['HOLDFAST_TEST_RUN_DIR'] ?? tmpdir(), 'busybox.tar');
  if (!existsSync(tar)) {
    // Two sides may be at it at once.
    const unfinished = `${tar}.${randomBytes(4).toString('hex')}`;
    await mustRun('tar', ['--create', '--file', unfinished, '--directory', sharedRootfs(), '.']);
    renameSync(unfinished, tar);
  }
  const { code, stderr } = await dockerd.run({}, 'import', '--change', 'CMD ["sh"]', tar, 'busybox');
  if (code !== 0) throw new Error(`docker import: ${stderr}`);
}
