import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** A file, directory or link of a layer. */
export type TarMember =
  | { readonly name: string; readonly bytes: Uint8Array; readonly mode?: number }
  | { readonly name: string; readonly directory: true }
  | { readonly name: string; readonly link: string };

const blockBytes = 512;

/** A tar archive (POSIX.1-1988, "ustar") with root as the owner of all, and no times. */
export function tarOf(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap((member) => {
    const bytes = 'bytes' in member ? member.bytes : new Uint8Array();
    return [header(member, bytes.length), bytes, Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header(member: TarMember, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const [type, mode, link] = 'bytes' in member ? ['0', member.mode ?? 0o644, ''] : 'link' in member ? ['2', 0o777, member.link] : ['5', 0o755, ''];
  const octal = (value: number, at: number, digits: number): void => { block.write(value.toString(8).padStart(digits, '0'), at, 'latin1'); };
  block.write(member.name, 0, 100, 'utf8');
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link, 157, 100, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  octal(block.reduce((sum, byte) => sum + byte, 0), 148, 6);
  block.write('\0 ', 154, 'latin1');
  return block;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image as its archive holds it. */
export interface MadeImage {
  readonly name: string;
  /** An OCI layout in a tar archive. */
  readonly archive: Buffer;
  readonly manifest: Buffer;
  readonly config: Buffer;
  /** Compressed. */
  readonly layers: readonly Buffer[];
  /** The digests of the layers without compression. */
  readonly diffIds: readonly string[];
}

const ociType = 'application/vnd.oci.image';

/** An image of the given layers for this machine, its archive in the OCI layout. */
export function imageOf(name: string, layers: readonly (readonly TarMember[])[], config: Readonly<Record<string, unknown>> = {}): MadeImage {
  const tars = layers.map(tarOf);
  const packed = tars.map((tar) => gzipSync(tar));
  const diffIds = tars.map(digestOf);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const configBytes = Buffer.from(JSON.stringify({ architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffIds }, history: [] }));
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: `${ociType}.manifest.v1+json`,
    config: descriptor(`${ociType}.config.v1+json`, configBytes),
    layers: packed.map((layer) => descriptor(`${ociType}.layer.v1.tar+gzip`, layer)),
  }));
  const index = { schemaVersion: 2, manifests: [{ ...descriptor(`${ociType}.manifest.v1+json`, manifest), annotations: { 'io.containerd.image.name': name } }] };
  const archive = tarOf([
    { name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    ...[configBytes, manifest, ...packed].map((bytes) => ({ name: `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`, bytes })),
    { name: 'index.json', bytes: Buffer.from(JSON.stringify(index)) },
  ]);
  return { name, archive, manifest, config: configBytes, layers: packed, diffIds };
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
