import { randomUUID } from 'node:crypto';
import type { ImageRecord } from '../../records/image-record';
import type { Records } from '../../records/records';
import { Turns } from '../../sys/turns';
import type { BlobStore } from '../content/blob-store';
import type { Descriptor } from '../descriptor';
import type { Layers } from '../diff/layers';
import { ImagesError, notHere } from '../errors';
import type { Credentials } from '../registry/login';
import type { Registries } from '../registry/registries';
import type { Snapshotter } from '../snapshots/snapshotter';
import type { ImageInfo, OnLayer, OnSent, PulledImage, PullWatcher, PushedImage, ResolvedRun } from './answers';
import { ArchiveIntake } from './archive-intake';
import { imagesOf } from './archive-images';
import { fetchImage } from './fetch-image';
import { type ImageTree, imageTreeOf } from './image-tree';
import { KeptContent } from './kept-content';
import { fullName, parsedName } from './name';
import { PullLeases } from './pull-leases';
import { pushImage } from './push-image';
import { pushTreeOf } from './push-tree';
import { type RunWishes, type UserFiles, runSpec, stopSignalOf } from './run-spec';
import { writeArchive } from './save';
import { chainOf, unpack } from './unpack';

export interface LibraryParts {
  readonly records: Records;
  readonly content: BlobStore;
  readonly snapshotter: Snapshotter;
  readonly layers: Layers;
  readonly registries: Registries;
  readonly collector: { soon(): void; run(): Promise<void> };
  readonly nowNs: () => bigint;
  /** A name has come to be, or stands for something else, or is gone. It is on the disk. */
  readonly onChange: (change: ImageChange, image: Pick<ImageRecord, 'name' | 'labels'>) => void;
}

export type ImageChange = 'create' | 'update' | 'delete';

/** A client that is killed keeps nothing of what it had begun for longer. Milliseconds. */
const LEASE_MS = 24 * 3600 * 1000;

/** Images by name, in one namespace: taken in, listed, taken away and written out. */
export class Library {
  readonly #pulls: PullLeases;
  readonly #turns = new Turns();

  constructor(private readonly parts: LibraryParts, readonly namespace: string) {
    this.#pulls = new PullLeases(parts.records, namespace, parts.nowNs);
  }

  /**
   * Takes in all images of an archive, unpacks them, and names them: a name is there once all of its image is. @param name instead of the archive's; it has one image then
   * @throws ImagesError `invalid` for what is no archive of images, TarError
   */
  async *load(source: AsyncIterable<Uint8Array>, name: string, onLayer: OnLayer, signal?: AbortSignal): AsyncGenerator<ImageInfo, void, undefined> {
    const given = name === '' ? undefined : fullName(name);
    const content = await this.#leased('load');
    try {
      const intake = new ArchiveIntake(content);
      await intake.take(source);
      const images = await imagesOf(intake, content);
      if (images.length === 0) throw new ImagesError('invalid', 'the archive has no image');
      if (given !== undefined && images.length > 1) throw new ImagesError('invalid', `the archive has ${String(images.length)} images, and not one to be named ${given}`);
      for (const { target, names } of images) {
        const called = given === undefined ? names : [given];
        if (called.length === 0) throw new ImagesError('invalid', `the archive names no image for ${target.digest}: a name has to be given`);
        const tree = await this.#wholeTreeOf(content, target);
        await unpack(this.parts, content, tree, (layer) => { onLayer(called[0] ?? '', layer, tree.layers.length); }, signal);
        for (const one of called) yield this.#infoOf(await this.#putName(one, target), tree);
      }
    } finally {
      await this.#release(content);
    }
  }

  /**
   * Fetches what is not here yet of an image of a registry, unpacks it, and names it. What has come of one that is cut off, or given up, is kept for a day, and gone on with; what is wrong leaves nothing.
   * @throws ImagesError `invalid` for what is no image, `not-found` where the registry has none of that name, `denied`, `registry`
   */
  async pull(text: string, credentials: Credentials, watcher: PullWatcher, signal: AbortSignal): Promise<PulledImage> {
    const name = parsedName(text);
    const before = this.parts.records.images.find(this.namespace, name.full)?.target.digest;
    const content = new KeptContent(this.parts.records, this.parts.content, this.namespace, await this.#pulls.begin(name.full));
    let isOver = true;
    try {
      const fetch = { name, credentials, signal, onBytes: watcher.fetched.bind(watcher) };
      const target = await fetchImage({ registries: this.parts.registries, turns: this.#turns }, content, fetch, async (coming, untilHere, stopped) => {
        const { layers, ...known } = await imageTreeOf(content, coming);
        await unpack(this.parts, content, { layers, ...known }, (layer) => { watcher.unpacking(layer, layers.length); }, stopped, untilHere);
      });
      const tree = await this.#wholeTreeOf(content, target);
      return { ...this.#infoOf(await this.#putName(name.full, target), tree), isSame: before === target.digest };
    } catch (error) {
      isOver = !signal.aborted && !(error instanceof ImagesError && error.code === 'registry');
      throw error;
    } finally {
      if (isOver) await content.abandon();
      if (await this.#pulls.end(content.lease, isOver)) this.parts.collector.soon();
    }
  }

  /**
   * Sends what a registry has not yet of an image, and names it there. @param to the name that it is to have there; empty: the one that it has here
   * @throws ImagesError `not-found`, `invalid`, `denied`, `registry`: the name stands for what it did
   */
  async push(text: string, to: string, credentials: Credentials, onSent: OnSent, signal: AbortSignal): Promise<PushedImage> {
    const record = this.#find(text);
    const name = parsedName(to === '' ? record.name : to);
    const content = await this.#leased('push');
    try {
      const tree = await pushTreeOf(content, record.target);
      const isSame = await pushImage(this.parts.registries, content, tree, { name, credentials, signal, onBytes: onSent });
      return { name: name.full, digest: tree.manifests.at(-1)?.digest ?? '', isSame, isPart: tree.isPart };
    } finally {
      await this.#release(content);
    }
  }

  /** Gives an image another name, whatever that has stood for. @throws ImagesError `not-found`, `invalid` */
  async tag(text: string, newName: string): Promise<ImageInfo> {
    const { target } = this.#find(text);
    const name = parsedName(newName);
    if (name.digest !== '') throw new ImagesError('invalid', `${name.short}: an image has its digest, and is not given one`);
    const content = await this.#leased('tag');
    try {
      // What is missing of it is missing under either name.
      await content.keep(target.digest);
      return this.#infoOf(await this.#putName(name.full, target), await imageTreeOf(content, target).catch(() => undefined));
    } finally {
      await this.#release(content);
    }
  }

  /** What a container of an image runs, and the snapshot that its root is made upon. @throws ImagesError `not-found`, `invalid` */
  async runOf(name: string, wishes: RunWishes, signal?: AbortSignal): Promise<ResolvedRun> {
    const record = this.#find(name);
    const content = await this.#leased('run');
    try {
      const tree = await this.#treeOf(content, record.target);
      // Another client may have taken it in without.
      await unpack(this.parts, content, tree, () => undefined, signal);
      const chain = chainOf(tree.settings.diffIds);
      const spec = runSpec(tree.settings, await this.#userFiles(content, chain, signal), wishes);
      return { name: record.name, chain, spec: JSON.stringify(spec), stopSignal: stopSignalOf(tree.settings) };
    } finally {
      await this.#release(content);
    }
  }

  /** By name. @param names none: all @throws ImagesError `not-found`, `invalid` */
  async list(names: readonly string[]): Promise<readonly ImageInfo[]> {
    const { records } = this.parts;
    const found = names.length === 0 ? records.images.list(this.namespace) : names.map((name) => this.#find(name));
    const content = new KeptContent(records, this.parts.content, this.namespace, '');
    return Promise.all(found.map(async (record) => this.#infoOf(record, await imageTreeOf(content, record.target).catch(() => undefined))));
  }

  /** Takes names away, and all that nothing keeps then. @returns them, in full @throws ImagesError `not-found`, `invalid`: none has been taken away then */
  async remove(names: readonly string[]): Promise<readonly string[]> {
    const found = names.map((name) => this.#find(name).name);
    for (const name of new Set(found)) {
      await this.parts.records.images.delete(this.namespace, name);
      this.parts.onChange('delete', { name, labels: new Map() });
    }
    await this.parts.collector.run();
    return found;
  }

  /** The bytes of an archive of these images. @throws ImagesError `not-found`, `invalid` */
  async *save(names: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
    if (names.length === 0) throw new ImagesError('invalid', 'no image is named');
    const content = await this.#leased('save');
    try {
      const images = await Promise.all([...new Set(names)].map(async (name) => {
        const record = this.#find(name);
        return { name: record.name, tree: await this.#treeOf(content, record.target) };
      }));
      yield* writeArchive(this.parts.content, this.namespace, images);
    } finally {
      await this.#release(content);
    }
  }

  async #userFiles({ namespace, lease }: KeptContent, chain: string, signal: AbortSignal | undefined): Promise<UserFiles> {
    const { snapshotter, layers } = this.parts;
    const key = `view-${randomUUID()}`;
    const mounts = await snapshotter.view(namespace, key, chain, { lease });
    try {
      const files = await layers.readFiles(mounts, ['/etc/passwd', '/etc/group'], signal);
      return { passwd: files['/etc/passwd'] ?? '', group: files['/etc/group'] ?? '' };
    } finally {
      await snapshotter.remove(namespace, key).catch(() => undefined);
    }
  }

  /** As {@link #treeOf}, where all has just come: what an archive left out, because it was here, may be so no more. */
  async #wholeTreeOf(content: KeptContent, target: Descriptor): Promise<ImageTree> {
    const tree = await this.#treeOf(content, target);
    for (const { digest } of [...tree.manifests, tree.config, ...tree.layers]) await content.checkWhole(digest);
    return tree;
  }

  /** What an image is, with all of its blobs kept by the lease. */
  async #treeOf(content: KeptContent, target: Descriptor): Promise<ImageTree> {
    const tree = await imageTreeOf(content, target);
    for (const { digest } of [...tree.manifests, tree.config, ...tree.layers]) {
      if (!(await content.keep(digest))) throw notHere(digest);
    }
    for (const [at, index] of tree.manifests.slice(0, -1).entries()) {
      const below = tree.manifests[at + 1]?.digest ?? '';
      await content.label(index.digest, new Map([['containerd.io/gc.ref.content.m.0', below]]));
    }
    const layers = tree.layers.map(({ digest }, at) => [`containerd.io/gc.ref.content.l.${String(at)}`, digest] as const);
    await content.label(tree.manifest.digest, new Map([['containerd.io/gc.ref.content.config', tree.config.digest], ...layers]));
    return tree;
  }

  async #putName(name: string, { mediaType, digest, size, annotations }: Descriptor): Promise<ImageRecord> {
    const nowNs = this.parts.nowNs();
    const target = { mediaType, digest, size, annotations };
    const { images } = this.parts.records;
    if (images.find(this.namespace, name) === undefined) {
      const record: ImageRecord = { name, labels: new Map(), target, createdNs: nowNs, updatedNs: nowNs };
      await images.create(this.namespace, record);
      this.parts.onChange('create', record);
      return record;
    }
    const record = await images.update(this.namespace, name, (before) => ({ labels: new Map(), createdNs: nowNs, ...before, name, target, updatedNs: nowNs }));
    this.parts.onChange('update', record);
    return record;
  }

  #find(text: string): ImageRecord {
    const { images } = this.parts.records;
    const name = fullName(text);
    // One that another client has named in its own way.
    const found = images.find(this.namespace, name) ?? images.find(this.namespace, text);
    if (found === undefined) throw new ImagesError('not-found', `there is no image ${text}`);
    return found;
  }

  #infoOf({ name, target: { digest }, createdNs, updatedNs }: ImageRecord, tree: ImageTree | undefined): ImageInfo {
    const size = tree === undefined ? 0 : [...tree.manifests, tree.config, ...tree.layers].reduce((sum, one) => sum + one.size, 0);
    return { name, digest, size, createdNs, updatedNs };
  }

  async #leased(what: string): Promise<KeptContent> {
    const nowNs = this.parts.nowNs();
    const id = `holdfast-${what}-${randomUUID()}`;
    const expires = new Date(Number(nowNs / 1_000_000n) + LEASE_MS).toISOString();
    await this.parts.records.leases.create(this.namespace, { id, labels: new Map([['containerd.io/gc.expire', expires]]), createdNs: nowNs });
    return new KeptContent(this.parts.records, this.parts.content, this.namespace, id);
  }

  /** What it has made without a name goes. */
  async #release({ lease }: KeptContent): Promise<void> {
    await this.parts.records.leases.delete(this.namespace, lease).catch(() => undefined);
    this.parts.collector.soon();
  }
}
