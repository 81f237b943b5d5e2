import { createHash, randomUUID } from 'node:crypto';
import type { Records } from '../../records/records';
import type { DiffService } from '../diff/diff-service';
import { ImagesError, isCode } from '../errors';
import type { Snapshotter } from '../snapshots/snapshotter';
import type { ImageTree } from './image-tree';
import type { KeptContent } from './kept-content';

export interface UnpackParts {
  readonly records: Records;
  readonly snapshotter: Snapshotter;
  readonly layers: DiffService;
}

/** The name of the snapshot of so many layers, as all clients of containerd know it (OCI image specification, "Layer ChainID"). */
export function chainOf(diffIds: readonly string[]): string {
  return diffIds.reduce((chain, diffId) => (chain === '' ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`), '');
}

/**
 * Unpacks what is not yet unpacked of an image, one snapshot for each layer, as `ctr images import` does. @param onLayer is told which is next, from 1 on
 * @param untilHere waits for a layer that is still to come, from 0 on; left out: all are here
 * @throws ImagesError `invalid` for a layer that is not what the image says, `failed` for one that cannot be unpacked
 */
export async function unpack(parts: UnpackParts, content: KeptContent, tree: ImageTree, onLayer: (layer: number) => void, signal?: AbortSignal, untilHere: (layer: number) => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  const { diffIds } = tree.settings;
  for (const [at, layer] of tree.layers.entries()) {
    const parent = chainOf(diffIds.slice(0, at));
    const chain = chainOf(diffIds.slice(0, at + 1));
    // Also of one that is unpacked: its blob is labelled at the end.
    await untilHere(at);
    const { snapshotter } = parts;
    const isKnown = await keepSnapshot(parts, content, chain);
    if (isKnown && (await snapshotter.hasFiles(content.namespace, chain))) continue;
    onLayer(at + 1);
    const key = `extract-${randomUUID()} ${chain}`;
    const mounts = await snapshotter.prepare(content.namespace, key, parent, { lease: content.lease });
    try {
      const { digest } = await parts.layers.apply(content.namespace, layer, mounts, { ...(signal === undefined ? {} : { signal }) }).catch((error: unknown) => { throw ofLayer(at + 1, error); });
      if (digest !== diffIds[at]) throw new ImagesError('invalid', `layer ${String(at + 1)}: it unpacks to ${digest}, and the image says ${String(diffIds[at])}`);
      if (isKnown) await snapshotter.restoreFiles(content.namespace, chain, key);
      else await snapshotter.commit(content.namespace, chain, key, { lease: content.lease });
    } catch (error) {
      await snapshotter.remove(content.namespace, key).catch(() => undefined);
      // Another one of the same layers was quicker.
      if (!isCode(error, 'exists') || !(await keepSnapshot(parts, content, chain))) throw error;
    }
    await content.label(layer.digest, new Map([['containerd.io/uncompressed', digestAt(diffIds, at)]]));
  }
  if (diffIds.length > 0) await content.label(tree.config.digest, new Map([[`containerd.io/gc.ref.snapshot.${parts.snapshotter.name}`, chainOf(diffIds)]]));
}

/** What cannot be unpacked names a path, or nothing at all: an image has many layers. */
function ofLayer(layer: number, error: unknown): unknown {
  return error instanceof ImagesError && error.code === 'failed' ? new ImagesError('failed', `layer ${String(layer)}: ${error.message}`, { cause: error }) : error;
}

/** @returns whether it is there, and stays */
async function keepSnapshot({ records, snapshotter }: UnpackParts, { namespace, lease }: KeptContent, name: string): Promise<boolean> {
  const isThere = (): boolean => records.snapshots.find({ namespace, snapshotter: snapshotter.name, name }) !== undefined;
  if (!isThere()) return false;
  await records.leases.addResource(namespace, lease, { type: `snapshots/${snapshotter.name}`, id: name });
  return isThere();
}

function digestAt(diffIds: readonly string[], at: number): string {
  return diffIds[at] ?? '';
}
