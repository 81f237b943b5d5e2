import type { Descriptor } from '../descriptor';
import { ImagesError } from '../errors';
import { type ImageConfig, JsonFields, type PlacedDescriptor, configOf, isIndex, isManifest, ownArchitecture, shown } from './formats';

/** The image for this machine, of all that its target may name. */
export interface ImageTree {
  /** From the target to the manifest, the manifest itself included. */
  readonly manifests: readonly Descriptor[];
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly settings: ImageConfig;
  /** The lowest first, as many as there are diff ids. */
  readonly layers: readonly Descriptor[];
}

/** Where the documents of an image come from. */
export interface DocumentSource {
  has(digest: string): boolean;
  /** Whole. @throws ImagesError */
  json(descriptor: Descriptor): Promise<Uint8Array>;
}

/** An index may name indexes, and so on. */
export const MOST_DEPTH = 4;
const MOST_LAYERS = 500;
/** Of its kind of processor: images for it may say so, or not. */
const usualVariant = process.arch === 'arm64' ? 'v8' : 'v1';

/** Follows an image's target to the layers for this machine. @throws ImagesError `not-found` for a blob that is missing, `invalid` */
export async function imageTreeOf(content: DocumentSource, target: Descriptor): Promise<ImageTree> {
  const manifests: Descriptor[] = [target];
  let manifest = target;
  while (isIndex(manifest)) {
    if (manifests.length > MOST_DEPTH) throw new ImagesError('invalid', `${target.digest}: an index of indexes, more than ${String(MOST_DEPTH)} deep`);
    manifest = await ownOf(content, manifest);
    manifests.push(manifest);
  }
  if (!isManifest(manifest)) throw new ImagesError('invalid', `${manifest.digest} is no image, but ${JSON.stringify(manifest.mediaType)}`);
  const fields = JsonFields.parse(await content.json(manifest), `the manifest ${manifest.digest}`);
  const config = fields.object('config').descriptor();
  const layers = fields.objects('layers').map((layer) => layer.descriptor());
  const settings = configOf(await content.json(config));
  if (layers.length > MOST_LAYERS) throw new ImagesError('invalid', `the manifest ${manifest.digest} has ${String(layers.length)} layers, more than ${String(MOST_LAYERS)}`);
  if (layers.length !== settings.diffIds.length) throw new ImagesError('invalid', `the manifest ${manifest.digest} has ${String(layers.length)} layers, and the configuration ${String(settings.diffIds.length)}`);
  if (settings.architecture !== '' && settings.architecture !== ownArchitecture) throw new ImagesError('invalid', `the image is for ${shown(settings.architecture)}, and this machine is ${ownArchitecture}`);
  return { manifests, manifest, config, settings, layers };
}

/** Of an index: what is for this machine, and of that what is there. */
async function ownOf(content: DocumentSource, index: Descriptor): Promise<Descriptor> {
  const all = JsonFields.parse(await content.json(index), `the index ${index.digest}`).objects('manifests').map((fields) => fields.descriptor());
  const own = all.filter(isOwn).sort((a, b) => strangeness(a) - strangeness(b));
  const found = own.find(({ digest }) => content.has(digest)) ?? own[0];
  if (found === undefined) throw new ImagesError('invalid', `the index ${index.digest} has no image for linux on ${ownArchitecture}`);
  return found;
}

function isOwn({ platform }: PlacedDescriptor): boolean {
  return platform === undefined || (platform.os === 'linux' && platform.architecture === ownArchitecture);
}

/** What every machine of this kind runs goes before what only newer ones do, and before what does not say. */
function strangeness({ platform }: PlacedDescriptor): number {
  if (platform === undefined) return 2;
  return platform.variant === '' || platform.variant === usualVariant ? 0 : 1;
}
