import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../runtime/state-dir/whole-file';
import { removeTree } from '../sys/files/remove-tree';
import { faultPoint } from '../sys/fault';
import { WorkError } from './errors';
import type { RootfsMount } from './rootfs-mounts';
import type { WorkTools } from './tools';

/** What a bundle of ours is made of, for a client that sends a spec instead of a bundle. */
export interface OwnBundle {
  /** The spec, written as it came. */
  readonly config: Buffer;
  /** Mounted in order on the bundle's `rootfs`; none where the spec names a root elsewhere. */
  readonly rootfs: readonly RootfsMount[];
  /** The group that may enter: the container's root where it is not the host's (user_namespaces(7)); 0: nobody. */
  readonly groupId: number;
}

const CONFIG = 'config.json';
const ROOTFS = 'rootfs';

/**
 * Writes a bundle and mounts its root file system. What is there under its name is of no task: an undone creation could not
 * remove it, and it goes first. @throws WorkError `bundle-failed`, naming what and where
 */
export async function writeOwnBundle(tools: WorkTools, bundle: string, own: OwnBundle, signal: AbortSignal): Promise<void> {
  const rootfs = join(bundle, ROOTFS);
  try {
    await removeOwnBundle(tools, bundle);
    mkdirSync(dirname(bundle), { recursive: true, mode: 0o711 });
    mkdirSync(bundle, { mode: 0o700 });
    if (own.groupId !== 0) {
      chownSync(bundle, 0, own.groupId);
      chmodSync(bundle, 0o710);
    }
    mkdirSync(rootfs, { mode: 0o711 });
    writeWhole(join(bundle, CONFIG), own.config);
  } catch (cause) {
    throw new WorkError('bundle-failed', (cause as Error).message, { cause });
  }
  if (own.rootfs.length === 0) return;
  faultPoint('daemon.create.before-mount');
  try {
    await tools.mounts.mount(own.rootfs, rootfs, signal);
  } catch (cause) {
    if (cause instanceof WorkError) throw cause;
    throw new WorkError('bundle-failed', `failed to mount rootfs component: ${(cause as Error).message}`, { cause });
  }
  faultPoint('daemon.create.mounted');
}

/**
 * Unmounts the root file system and removes the bundle. Repeatable; where nothing is left, there is nothing to do.
 * @throws what keeps it from being removed: nothing is removed while something is still mounted there
 */
export async function removeOwnBundle(tools: Pick<WorkTools, 'mounts'>, bundle: string): Promise<void> {
  if (!existsSync(bundle)) return;
  const rootfs = join(bundle, ROOTFS);
  faultPoint('daemon.delete.before-unmount');
  // Found by its name: to look at it would be to ask the file system that is mounted there, which may hang.
  if (readdirSync(bundle).includes(ROOTFS)) await tools.mounts.unmount(rootfs);
  faultPoint('daemon.delete.unmounted');
  // Never what may still be mounted there.
  removeTree(bundle);
}
