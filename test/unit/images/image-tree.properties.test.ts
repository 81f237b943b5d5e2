import { createHash } from 'node:crypto';
import type { Descriptor } from '../../../src/images/descriptor';
import { ImagesError } from '../../../src/images/errors';
import { OCI_INDEX, OCI_MANIFEST, ownArchitecture } from '../../../src/images/library/formats';
import { type DocumentSource, type ImageTree, imageTreeOf } from '../../../src/images/library/image-tree';
import { fc } from '../../support/property';

/** Images that are made up; HOLDFAST_FUZZED_MANIFESTS asks for more. */
const runs = Number(process.env['HOLDFAST_FUZZED_MANIFESTS'] ?? '2000');
const gzippedLayer = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Documents by their digests, as a registry or an archive has them. */
class Documents implements DocumentSource {
  readonly #bytes = new Map<string, Buffer>();

  put(bytes: Buffer, mediaType = '', at = `sha256:${createHash('sha256').update(bytes).digest('hex')}`): { readonly mediaType: string; readonly digest: string; readonly size: number } {
    this.#bytes.set(at, bytes);
    return { mediaType, digest: at, size: bytes.length };
  }

  has(digest: string): boolean {
    return this.#bytes.has(digest);
  }

  json({ digest }: Descriptor): Promise<Uint8Array> {
    const found = this.#bytes.get(digest);
    return found === undefined ? Promise.reject(new ImagesError('not-found', `content digest ${digest}`)) : Promise.resolve(found);
  }
}

const target = (of: { readonly mediaType: string; readonly digest: string; readonly size: number }): Descriptor => ({ ...of, annotations: new Map() });
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestAt = (at: number): string => `sha256:${at.toString(16).padStart(64, '0')}`;
const plainLayer = (at: number): object => ({ mediaType: gzippedLayer, digest: digestAt(at), size: 10 });

function imageOf(documents: Documents, layers: number): ReturnType<Documents['put']> {
  const config = documents.put(json({ architecture: ownArchitecture, os: 'linux', rootfs: { diff_ids: Array.from({ length: layers }, (_, at) => digestAt(at)) } }), 'application/vnd.oci.image.config.v1+json');
  return documents.put(json({ schemaVersion: 2, config, layers: Array.from({ length: layers }, (_, at) => plainLayer(at)) }), OCI_MANIFEST);
}

test('as many layers as are allowed, and one more', async () => {
  const documents = new Documents();
  expect((await imageTreeOf(documents, target(imageOf(documents, 500)))).layers).toHaveLength(500);
  await expect(imageTreeOf(documents, target(imageOf(documents, 501)))).rejects.toThrow('has 501 layers, more than 500');
});

test('an index that names itself, and two that name each other', async () => {
  const documents = new Documents();
  const names = (digest: string): Buffer => json({ manifests: [{ mediaType: OCI_INDEX, digest, size: 100 }] });
  for (const [at, named] of [[1, 1], [2, 3], [3, 2]] as const) documents.put(names(digestAt(named)), OCI_INDEX, digestAt(at));
  for (const at of [1, 2]) await expect(imageTreeOf(documents, target({ mediaType: OCI_INDEX, digest: digestAt(at), size: 100 }))).rejects.toThrow('an index of indexes, more than 4 deep');
});

test('whatever its documents say, an image is one that can be asked for, or one line says why not', async () => {
  const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>('sha256:../../etc/passwd', '\u001b[2J', { '\n\u0007': 1 }, digestAt(1), '\n', '__proto__', -1, 2 ** 53, 1e308, 'x'.repeat(5000), [[]], {}));
  const field = fc.constantFrom('mediaType', 'digest', 'size', 'config', 'layers', 'manifests', 'annotations', 'platform', 'rootfs', 'architecture', '__proto__');
  const changed = fc.array(fc.tuple(field, anything), { maxLength: 2 });
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 2 });
  const image = fc.record({ layers: fc.nat(4), indexes: fc.nat(5), changes: fc.record({ config: changed, layer: changed, manifest: changed, index: changed }), damage, platform: fc.constantFrom(undefined, 'arm', ownArchitecture) });
  let whole = 0;
  await fc.assert(fc.asyncProperty(image, async ({ layers, indexes, changes, damage: damaged, platform }) => {
    const documents = new Documents();
    const change = (value: object, by: readonly (readonly [string, unknown])[]): object => ({ ...value, ...Object.fromEntries(by) });
    const put = (value: object, mediaType: string): ReturnType<Documents['put']> => {
      const bytes = json(value);
      // Only one of them: else hardly any image would be read to its end.
      if (mediaType === OCI_MANIFEST) for (const [at, byte] of damaged) if (at < bytes.length) bytes[at] = byte;
      return documents.put(bytes, mediaType);
    };
    const config = put(change({ architecture: ownArchitecture, rootfs: { diff_ids: Array.from({ length: layers }, (_, at) => digestAt(at)) } }, changes.config), 'application/vnd.oci.image.config.v1+json');
    let top = put(change({ config, layers: Array.from({ length: layers }, (_, at) => (at === 0 ? change(plainLayer(at), changes.layer) : plainLayer(at))) }, changes.manifest), OCI_MANIFEST);
    for (let depth = 0; depth < indexes; depth += 1) {
      top = put(change({ manifests: [{ ...top, ...(platform === undefined ? {} : { platform: { os: 'linux', architecture: platform } }) }] }, changes.index), OCI_INDEX);
    }
    let tree: ImageTree;
    try {
      tree = await imageTreeOf(documents, target(top));
    } catch (error) {
      expect(error).toBeInstanceOf(ImagesError);
      expect((error as Error).message).not.toMatch(/\p{Cc}/u);
      return;
    }
    whole += 1;
    const asked = [...tree.manifests, tree.manifest, tree.config, ...tree.layers];
    expect(asked.every(({ digest, size }) => /^sha256:[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(size) && size >= 0)).toBe(true);
    expect([tree.layers.length, tree.manifests.length]).toEqual([tree.settings.diffIds.length, indexes + 1]);
  }), { numRuns: runs });
  // It would prove little if all were refused.
  expect(whole).toBeGreaterThan(runs / 20);
});
