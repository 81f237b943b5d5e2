import PQueue from 'p-queue';
import type { ImageName } from '../../runtime/text/image-name';
import type { Descriptor } from '../descriptor';
import { ImagesError } from '../errors';
import { again } from '../registry/again';
import type { Credentials } from '../registry/login';
import type { Registries } from '../registry/registries';
import { type BlobToSend, upload } from '../registry/upload';
import { type BlobSource, addSource, blobSourceOf, sourcesOf } from './blob-source';
import type { KeptContent } from './kept-content';
import type { PushTree } from './push-tree';
import { Together } from './together';

export interface PushWishes {
  /** Where to. */
  readonly name: ImageName;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  /** How much of a layer is there by now, from 1 on, of how many. */
  readonly onBytes: (layer: number, layers: number, descriptor: Descriptor, bytes: number) => void;
}

/** As docker has it. */
const layersAtOnce = 3;
/** Each has to be read before it is sent. */
const pieceBytes = 512 << 10;
/** More repositories are not asked for, nor looked at for a blob. */
const mostOthers = 5;

/** Sends what a registry has not yet of an image, and has the name stand for it there. @returns whether it has before @throws ImagesError: nothing is under way any more, and the name stands for what it did */
export async function pushImage(registries: Registries, content: KeptContent, { layers, configs, manifests }: PushTree, { name, credentials, signal, onBytes }: PushWishes): Promise<boolean> {
  const target = manifests.at(-1) ?? manifests[0];
  if (name.digest !== '' && name.digest !== target.digest) throw new ImagesError('invalid', `${name.short}: the digest of what is to be sent is ${target.digest}`);
  const own = blobSourceOf(name);
  const others = new Map([...layers, ...configs].map(({ digest }) => [digest, othersOf(content, digest, own)]));
  const together = new Together(signal);
  const { destination, firstPauseMs, close } = registries.openToPush(name, credentials, [...new Set([...others.values()].flat())].slice(0, mostOthers), together.signal);
  const options = { signal: together.signal, firstPauseMs };
  const send = (blob: Descriptor, onSent: (bytes: number) => void): Promise<void> =>
    upload(destination, blobToSend(content, blob, others.get(blob.digest) ?? []), { ...options, onBytes: onSent });
  try {
    const reference = name.tag === '' ? target.digest : name.tag;
    const isSame = (await again(() => destination.manifestDigest(reference, target.mediaType), options)) === target.digest;
    for (const [at, layer] of layers.entries()) onBytes(at + 1, layers.length, layer, 0);
    const queue = new PQueue({ concurrency: layersAtOnce });
    await together.all([
      ...layers.map((layer, at) => queue.add(() => send(layer, (bytes) => { onBytes(at + 1, layers.length, layer, bytes); }))),
      ...configs.map((config) => queue.add(() => send(config, () => undefined))),
    ]);
    for (const { digest, mediaType } of manifests) {
      const bytes = await content.whole(digest);
      await again(() => destination.putManifest(digest === target.digest ? reference : digest, mediaType, bytes, digest), options);
    }
    await addSource(content, [...layers, ...configs, ...manifests].map(({ digest }) => digest), own);
    return isSame;
  } finally {
    together.close();
    close();
  }
}

/** Repositories of the same registry that a blob has come from, or gone to. */
function othersOf(content: KeptContent, digest: string, own: BlobSource): readonly string[] {
  return sourcesOf(content, digest, own).filter((repository) => repository !== own.repository).slice(0, mostOthers);
}

function blobToSend(content: KeptContent, { digest, size }: Descriptor, others: readonly string[]): BlobToSend {
  return { digest, size, others, pieces: (offset) => content.pieces(digest, offset, pieceBytes) };
}
