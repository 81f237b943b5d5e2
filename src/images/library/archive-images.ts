import type { Descriptor } from '../descriptor';
import { ImagesError } from '../errors';
import type { ArchiveIntake } from './archive-intake';
import { DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST, JsonFields } from './formats';
import type { KeptContent } from './kept-content';
import { fullName } from './name';

/** An image of an archive, and what it is called there. */
export interface ArchiveImage {
  readonly target: Descriptor;
  /** In full; none: the archive names it not. */
  readonly names: readonly string[];
}

const NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** The images that an archive tells of: an OCI layout (`index.json`), or Docker's (`manifest.json`), whose manifests are made here. @throws ImagesError `invalid` */
export async function imagesOf(archive: ArchiveIntake, content: KeptContent): Promise<readonly ArchiveImage[]> {
  const layout = archive.documents.get('oci-layout');
  const index = archive.documents.get('index.json');
  // An archive of docker's from 25 on is both.
  if (layout !== undefined && index !== undefined) return imagesOfLayout(layout, index);
  const manifest = archive.documents.get('manifest.json');
  if (manifest === undefined) throw new ImagesError('invalid', 'no archive of images: it has neither oci-layout and index.json nor manifest.json');
  const images = JsonFields.parseList(manifest, 'manifest.json').map((fields) => imageOfDocker(fields, archive, content));
  return Promise.all(images);
}

function imagesOfLayout(layout: Buffer, index: Buffer): readonly ArchiveImage[] {
  const version = JsonFields.parse(layout, 'oci-layout').text('imageLayoutVersion');
  if (version !== '1.0.0') throw new ImagesError('invalid', `oci-layout: version ${JSON.stringify(version)} is not known`);
  const byDigest = new Map<string, { readonly target: Descriptor; readonly names: string[] }>();
  for (const fields of JsonFields.parse(index, 'index.json').objects('manifests')) {
    const { platform: _, ...target } = fields.descriptor();
    const image = byDigest.get(target.digest) ?? { target: { ...target, annotations: new Map<string, string>() }, names: [] };
    byDigest.set(target.digest, image);
    const name = nameOf(target);
    if (name !== undefined) image.names.push(name);
  }
  return [...byDigest.values()];
}

/** A name by itself, or a reference that has a path; `latest` alone is no name of an image, but a tag of one. */
function nameOf({ annotations }: Descriptor): string | undefined {
  const name = annotations.get(NAME);
  if (name !== undefined) return fullName(name);
  const ref = annotations.get(REF_NAME);
  return ref !== undefined && /[/:]/.test(ref) ? fullName(ref) : undefined;
}

async function imageOfDocker(fields: JsonFields, archive: ArchiveIntake, content: KeptContent): Promise<ArchiveImage> {
  const member = (path: string) => {
    const found = archive.find(path);
    if (found === undefined) throw new ImagesError('invalid', `manifest.json: the archive has no ${path}`);
    return found;
  };
  const { digest, size } = member(fields.text('Config'));
  const layers = fields.texts('Layers').map((path) => {
    const layer = member(path);
    return { mediaType: layer.isGzip ? `${DOCKER_LAYER}.gzip` : DOCKER_LAYER, size: layer.size, digest: layer.digest };
  });
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: { mediaType: DOCKER_CONFIG, size, digest }, layers }));
  const written = await content.put(`${content.lease}-manifest-${digest}`, manifest);
  return { target: { mediaType: DOCKER_MANIFEST, ...written, annotations: new Map() }, names: fields.texts('RepoTags').map(fullName) };
}
