import type { Descriptor } from '../descriptor';
import { ImagesError, notHere } from '../errors';
import { JsonFields, isIndex, isManifest } from './formats';
import { MOST_DEPTH, imageTreeOf } from './image-tree';
import type { KeptContent } from './kept-content';

/** What is sent of an image. What names others comes after them: a registry takes no manifest before its blobs. */
export interface PushTree {
  readonly layers: readonly Descriptor[];
  readonly configs: readonly Descriptor[];
  /** The last one is what the name is to stand for. */
  readonly manifests: readonly [...Descriptor[], Descriptor];
  /** The image is an index that names images for other machines, which are not here: this is the one for this machine alone. */
  readonly isPart: boolean;
}

/** Layers that are to stay where they are: registries take none of them (OCI image specification, "Non-Distributable Layers"). */
const staysWhereItIs = /nondistributable|\.foreign\./;

/** All of it is kept by the lease, and whole. @throws ImagesError `not-found` for a blob that is missing, `failed` for one that is not whole, `invalid` */
export async function pushTreeOf(content: KeptContent, target: Descriptor): Promise<PushTree> {
  const all = new Walk(content);
  if (await all.add(target, 0)) return { ...all.found(target), isPart: false };
  const own = new Walk(content);
  const { manifest } = await imageTreeOf(content, target);
  if (manifest.digest === target.digest || !(await own.add(manifest, 0))) throw notHere(all.missing);
  return { ...own.found(manifest), isPart: true };
}

/** From a target down to the layers, each once. */
class Walk {
  /** What is not here. */
  missing = '';
  readonly #layers = new Map<string, Descriptor>();
  readonly #configs = new Map<string, Descriptor>();
  readonly #manifests = new Map<string, Descriptor>();

  constructor(private readonly content: KeptContent) {}

  found(target: Descriptor): Omit<PushTree, 'isPart'> {
    const [layers = [], configs = [], manifests = []] = [this.#layers, this.#configs, this.#manifests].map((found) => [...found.values()]);
    return { layers, configs, manifests: [...manifests.filter(({ digest }) => digest !== target.digest), target] };
  }

  /** @returns whether all of it is here */
  async add(descriptor: Descriptor, depth: number): Promise<boolean> {
    if (depth > MOST_DEPTH) throw new ImagesError('invalid', `${descriptor.digest}: an index of indexes, more than ${String(MOST_DEPTH)} deep`);
    if (this.#manifests.has(descriptor.digest)) return true;
    if (!isIndex(descriptor) && !isManifest(descriptor)) throw new ImagesError('invalid', `${descriptor.digest} is no image, but ${JSON.stringify(descriptor.mediaType)}`);
    if (!(await this.#isHere(descriptor))) return false;
    const fields = JsonFields.parse(await this.content.json(descriptor), `the manifest ${descriptor.digest}`);
    if (isIndex(descriptor)) {
      for (const one of fields.objects('manifests')) if (!(await this.add(plain(one.descriptor()), depth + 1))) return false;
    } else {
      if (!(await this.#addBlob(this.#configs, fields.object('config').descriptor()))) return false;
      for (const one of fields.objects('layers')) if (!(await this.#addBlob(this.#layers, one.descriptor()))) return false;
    }
    this.#manifests.set(descriptor.digest, descriptor);
    return true;
  }

  async #addBlob(to: Map<string, Descriptor>, blob: Descriptor): Promise<boolean> {
    if (staysWhereItIs.test(blob.mediaType) || to.has(blob.digest)) return true;
    if (!(await this.#isHere(blob))) return false;
    to.set(blob.digest, plain(blob));
    return true;
  }

  async #isHere({ digest, size }: Descriptor): Promise<boolean> {
    if (!(await this.content.keep(digest))) {
      this.missing = digest;
      return false;
    }
    await this.content.checkWhole(digest);
    if (this.content.sizeOf(digest) !== size) throw new ImagesError('invalid', `${digest} has ${String(this.content.sizeOf(digest))} bytes, and is said to have ${String(size)}`);
    return true;
  }
}

function plain({ mediaType, digest, size, annotations }: Descriptor): Descriptor {
  return { mediaType, digest, size, annotations };
}
