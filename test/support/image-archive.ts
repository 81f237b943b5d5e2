import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type TestEntry, tarOf } from './tars';

/** A file, directory or link of a layer. */
export type TarMember =
  | { readonly name: string; readonly bytes: Uint8Array; readonly mode?: number }
  | { readonly name: string; readonly directory: true }
  | { readonly name: string; readonly link: string };

/** Root's, and of no time. */
function archiveOf(members: readonly TarMember[]): Buffer {
  return tarOf(members.map((member): TestEntry => {
    const common = { path: member.name, modifiedSeconds: 0 };
    if ('bytes' in member) return { ...common, content: Buffer.from(member.bytes), mode: member.mode ?? 0o644 };
    return 'link' in member ? { ...common, kind: 'symlink', linkPath: member.link, mode: 0o777 } : { ...common, kind: 'directory', mode: 0o755 };
  }));
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image as its archive holds it. */
export interface MadeImage {
  readonly name: string;
  /** An OCI layout in a tar archive. */
  readonly archive: Buffer;
  /** The same as `docker save` of before version 25 wrote it, its layers not compressed. */
  readonly dockerArchive: Buffer;
  readonly manifest: Buffer;
  readonly config: Buffer;
  /** Compressed. */
  readonly layers: readonly Buffer[];
  /** The digests of the layers without compression. */
  readonly diffIds: readonly string[];
}

const ociType = 'application/vnd.oci.image';
/** What this machine runs, as images name it. */
export const ownMachine = process.arch === 'x64' ? 'amd64' : process.arch;

/** By the digests of archives: most layers of a test file's images are the same few, and to compress busybox takes a tenth of a second. */
const packedBefore = new Map<string, Buffer>();

function packed(tar: Buffer, digest: string): Buffer {
  const before = packedBefore.get(digest) ?? gzipSync(tar);
  packedBefore.set(digest, before);
  // A copy: it is the test's, which may damage it.
  return Buffer.from(before);
}

/** An image of the given layers for this machine, its archive in the OCI layout. */
export function imageOf(name: string, layers: readonly (readonly TarMember[])[], config: Readonly<Record<string, unknown>> = {}): MadeImage {
  const tars = layers.map(archiveOf);
  const diffIds = tars.map(digestOf);
  const compressed = tars.map((tar, at) => packed(tar, diffIds[at] ?? ''));
  const configBytes = Buffer.from(JSON.stringify({ architecture: ownMachine, os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffIds }, history: [] }));
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: `${ociType}.manifest.v1+json`,
    config: descriptor(`${ociType}.config.v1+json`, configBytes),
    layers: compressed.map((layer) => descriptor(`${ociType}.layer.v1.tar+gzip`, layer)),
  }));
  const index = { schemaVersion: 2, manifests: [{ ...descriptor(`${ociType}.manifest.v1+json`, manifest), annotations: { 'io.containerd.image.name': name } }] };
  const archive = archiveOf([
    { name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    ...[configBytes, manifest, ...compressed].map((bytes) => ({ name: `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`, bytes })),
    { name: 'index.json', bytes: Buffer.from(JSON.stringify(index)) },
  ]);
  const paths = tars.map((_, at) => `${String(at)}/layer.tar`);
  const dockerArchive = (): Buffer => archiveOf([
    ...tars.map((bytes, at) => ({ name: paths[at] ?? '', bytes })),
    { name: 'config.json', bytes: configBytes },
    { name: 'manifest.json', bytes: Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: paths }])) },
  ]);
  return { name, archive, get dockerArchive() { return dockerArchive(); }, manifest, config: configBytes, layers: compressed, diffIds };
}

/** An index of images for several machines, and the archive with those of them that are there. */
export function indexOf(name: string, images: readonly (readonly [MadeImage, machine: string])[], there: readonly MadeImage[]): { readonly index: Buffer; readonly archive: Buffer } {
  const manifests = images.map(([{ manifest }, architecture]) => ({ mediaType: `${ociType}.manifest.v1+json`, digest: digestOf(manifest), size: manifest.length, platform: { os: 'linux', architecture } }));
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${ociType}.index.v1+json`, manifests }));
  const top = { schemaVersion: 2, manifests: [{ mediaType: `${ociType}.index.v1+json`, digest: digestOf(index), size: index.length, annotations: { 'io.containerd.image.name': name } }] };
  const blobs = [index, ...there.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])];
  const archive = archiveOf([
    { name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    ...blobs.map((bytes) => ({ name: `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`, bytes })),
    { name: 'index.json', bytes: Buffer.from(JSON.stringify(top)) },
  ]);
  return { index, archive };
}

/** An image with busybox and a user `ann`, and upon it one with a file. */
export function busyboxImage(name: string): MadeImage {
  const etc = (text: string): Uint8Array => Buffer.from(text);
  const tools = ['sh', 'true', 'echo', 'cat', 'id', 'ls'].map((tool) => ({ name: `bin/${tool}`, link: 'busybox' }));
  return imageOf(name, [
    [
      ...['bin', 'etc', 'tmp'].map((directory) => ({ name: directory, directory: true as const })),
      { name: 'bin/busybox', bytes: readFileSync('/bin/busybox'), mode: 0o755 },
      ...tools,
      { name: 'etc/passwd', bytes: etc('root:x:0:0::/:/bin/sh\nann:x:1000:1001::/:/bin/sh\n') },
      { name: 'etc/group', bytes: etc('root:x:0:\nann:x:1001:\n') },
    ],
    [{ name: 'etc/second', bytes: etc('of the second layer\n') }],
  ], { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] });
}
