import { imageNameOf } from '../../runtime/text/image-name';
import type { BlobStore } from '../content/blob-store';
import { endOfArchive, headerOf, padding } from '../tar/writer';
import type { ImageTree } from './image-tree';

const PIECE_BYTES = 1 << 20;

/**
 * An OCI layout as a tar archive that `docker load` of any version reads, too: each blob once, the documents last, and no times, so that the same images are the same bytes.
 * Its blobs are there as long as it is being written.
 */
export async function* writeArchive(store: BlobStore, namespace: string, images: readonly { readonly name: string; readonly tree: ImageTree }[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  for (const directory of ['blobs', 'blobs/sha256']) yield headerOf({ kind: 'directory', path: directory, mode: 0o755, uid: 0, gid: 0, modifiedSeconds: 0 });
  const digests = new Set(images.flatMap(({ tree }) => [...tree.manifests, tree.config, ...tree.layers].map(({ digest }) => digest)));
  for (const digest of digests) {
    const blob = store.open(namespace, digest);
    try {
      yield header(pathOf(digest), blob.size);
      for (let at = 0; at < blob.size; at += PIECE_BYTES) yield await blob.read(at, PIECE_BYTES);
      yield padding(blob.size);
    } finally {
      blob.close();
    }
  }
  yield file('index.json', json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: images.map(({ name, tree: { manifests: [target] } }) => ({
      mediaType: target?.mediaType, digest: target?.digest, size: target?.size,
      annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1) },
    })),
  }));
  yield file('manifest.json', json(images.map(({ name, tree }) => ({ Config: pathOf(tree.config.digest), RepoTags: [imageNameOf(name)?.short ?? name], Layers: tree.layers.map(({ digest }) => pathOf(digest)) }))));
  yield endOfArchive();
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function header(path: string, size: number): Buffer {
  return headerOf({ kind: 'file', path, size, mode: 0o644, uid: 0, gid: 0, modifiedSeconds: 0 });
}

function file(path: string, bytes: Buffer): Buffer {
  return Buffer.concat([header(path, bytes.length), bytes, padding(bytes.length)]);
}
