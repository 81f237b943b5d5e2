import type { IngestRecord } from '../../records/content-record';
import type { Labels } from '../../records/labels';
import type { Records } from '../../records/records';
import { Turns } from '../../sys/turns';
import { ImagesError } from '../errors';
import type { FileThread } from '../files/file-thread';
import type { BlobReader, BlobWriter, ContentInfo, ContentStore, IngestStatus, WriterOptions } from './content-store';
import { checkDigest } from './digest';
import { ContentPlaces } from './places';
import { FileReader, SmallBlobs } from './reader';
import { RefLocks } from './ref-locks';
import { SharedPieces } from './shared-pieces';
import { isWhole, notWhole } from './whole-blob';
import { IngestWriter, type WriterParts } from './writer';

export interface BlobStoreParts {
  readonly records: Records;
  /** Directory of all that outlives a boot. */
  readonly root: string;
  /** Blobs are written in one thread, and read in another: a flush takes its time. */
  readonly writing: FileThread;
  readonly reading: FileThread;
  readonly nowNs: () => bigint;
  /** Something has been deleted. */
  readonly onLess: () => void;
}

/** The blobs: their records are in the database, and their bytes in files below the root. */
export class BlobStore implements ContentStore {
  readonly #places: ContentPlaces;
  readonly #locks = new RefLocks();
  readonly #small = new SmallBlobs();
  readonly #writers: WriterParts;
  /** Readers of each blob that is held open. */
  readonly #held = new Map<string, number>();
  /** Blobs that a namespace has given up, and perhaps all have: their files are looked at by the next run of the collector. */
  #given = new Set<string>();
  #lastId = 0;
  #directories: Promise<void> | undefined;

  constructor(private readonly parts: BlobStoreParts) {
    this.#places = new ContentPlaces(parts.root);
    this.#writers = {
      content: parts.records.content,
      places: this.#places,
      thread: parts.writing,
      pieces: new SharedPieces(),
      turns: new Turns(),
      nowNs: parts.nowNs,
      nextId: () => (this.#lastId += 1),
    };
  }

  info(namespace: string, digest: string): ContentInfo {
    checkDigest(digest);
    const record = this.parts.records.content.find(namespace, digest);
    if (record === undefined) throw notFound(digest);
    return record;
  }

  /** @throws ImagesError `failed` where its file does not have all of its bytes, `not-found` */
  async checkWhole(namespace: string, digest: string): Promise<void> {
    if (!(await this.#isWhole(this.info(namespace, digest)))) throw notWhole(digest, this.#places.blob(digest));
  }

  list(namespace: string): readonly ContentInfo[] {
    return this.parts.records.content.list(namespace);
  }

  open(namespace: string, digest: string): BlobReader {
    const info = this.info(namespace, digest);
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    let isHeld = true;
    return new FileReader(info, this.#places.blob(digest), this.parts.reading, this.#small, () => {
      if (isHeld) this.#letGo(digest);
      isHeld = false;
    });
  }

  async writer(namespace: string, ref: string, { total = 0, expected = '', lease }: WriterOptions = {}): Promise<BlobWriter> {
    const { content, leases } = this.parts.records;
    if (ref === '') throw new ImagesError('invalid', 'ref must not be empty');
    if (lease !== undefined && !leases.has(namespace, lease)) throw new ImagesError('not-found', 'lease does not exist');
    if (expected !== '' && content.find(namespace, expected) !== undefined) {
      if (lease !== undefined) await leases.addResource(namespace, lease, { type: 'content', id: expected });
      // A run of the collector that began before the lease had it may have taken it away. One whose file is not whole is written anew.
      const found = content.find(namespace, expected);
      if (found !== undefined && (await this.#isWhole(found))) throw new ImagesError('exists', `content ${expected}`);
    }
    const release = await this.#locks.acquire(keyOf(namespace, ref), ref);
    try {
      return await this.#open(namespace, { ref, total, expected, startedNs: this.parts.nowNs() }, lease, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async updateLabels(namespace: string, digest: string, labels: Labels, names: readonly string[] | undefined): Promise<ContentInfo> {
    checkDigest(digest);
    return this.parts.records.content.updateLabels(namespace, digest, labels, names, this.parts.nowNs());
  }

  async delete(namespace: string, digest: string): Promise<void> {
    checkDigest(digest);
    await this.parts.records.content.delete(namespace, digest);
    this.giveUp(digest);
    this.parts.onLess();
  }

  async ingest(namespace: string, ref: string): Promise<IngestStatus> {
    const record = this.parts.records.content.findIngest(namespace, ref);
    if (record === undefined) throw new ImagesError('not-found', `could not get status for ref ${JSON.stringify(ref)}: reference ${ref}`);
    return this.#statusOf(namespace, record);
  }

  ingests(namespace: string): Promise<readonly IngestStatus[]> {
    return Promise.all(this.parts.records.content.listIngests(namespace).map((record) => this.#statusOf(namespace, record)));
  }

  async abort(namespace: string, ref: string): Promise<void> {
    const { content } = this.parts.records;
    if (content.findIngest(namespace, ref) === undefined) throw new ImagesError('not-found', `reference ${ref}`);
    const release = this.#locks.acquireAtOnce(keyOf(namespace, ref), ref);
    try {
      await content.deleteIngest(namespace, ref);
      await this.parts.writing.call('remove', [this.#places.ingest(namespace, ref)]);
    } finally {
      release();
    }
  }

  /** A namespace has it no more: the next `removeGiven` looks whether any has. */
  giveUp(digest: string): void {
    this.#given.add(digest);
  }

  /** Removes the files of given-up blobs that nobody has, is reading, or is about to share. */
  async removeGiven(): Promise<void> {
    const given = this.#given;
    this.#given = new Set();
    for (const digest of given) await this.#writers.turns.run(digest, () => this.#removeIfUnused(digest));
  }

  /** Its record is gone: so is its file, unless somebody is just writing it anew. */
  async removeIngestFile(namespace: string, ref: string): Promise<void> {
    if (this.#locks.isLocked(keyOf(namespace, ref)) || this.parts.records.content.findIngest(namespace, ref) !== undefined) return;
    await this.parts.writing.call('remove', [this.#places.ingest(namespace, ref)]);
  }

  /** Files that no record tells of: a kill or a power cut came between the two. */
  async removeStrays(): Promise<void> {
    for (const name of await this.parts.reading.call('names', [this.#places.blobs])) {
      const digest = `sha256:${name}`;
      if (this.parts.records.content.findAnywhere(digest) === undefined) this.giveUp(digest);
    }
    await this.removeGiven();
    const known = new Set([...this.parts.records.content.allIngests()].map(([namespace, { ref }]) => this.#places.ingest(namespace, ref)));
    for (const name of await this.parts.reading.call('names', [this.#places.ingests])) {
      const path = `${this.#places.ingests}/${name}`;
      if (!known.has(path) && !this.#isBeingWritten(path)) await this.parts.writing.call('remove', [path]);
    }
  }

  async #open(namespace: string, asked: IngestRecord, lease: string | undefined, release: () => void): Promise<IngestWriter> {
    const { content } = this.parts.records;
    const known = asked.expected === '' ? undefined : content.findAnywhere(asked.expected);
    const elsewhere = known !== undefined && (await this.#isWhole(known)) ? known : undefined;
    const before = content.findIngest(namespace, asked.ref);
    const goesOn = before !== undefined && (asked.total === 0 || before.total === 0 || asked.total === before.total);
    const ingest = goesOn ? { ...before, total: asked.total || before.total, expected: asked.expected || before.expected } : asked;
    if (lease !== undefined || before === undefined || JSON.stringify([ingest.total, ingest.expected]) !== JSON.stringify([before.total, before.expected])) {
      await content.putIngest(namespace, ingest, lease);
    }
    await this.#makeDirectories();
    const target = { namespace, ingest, lease, updatedNs: ingest.startedNs };
    // Also where a kill has left one: that may be another name of the file of a blob, which nobody is to write into.
    if (before === undefined || !goesOn) await this.parts.writing.call('remove', [this.#places.ingest(namespace, ingest.ref)]);
    if (elsewhere !== undefined && before === undefined && (asked.total === 0 || asked.total === elsewhere.size)) {
      return IngestWriter.shared(this.#writers, target, release, elsewhere);
    }
    return IngestWriter.open(this.#writers, target, release);
  }

  #isWhole(info: ContentInfo): Promise<boolean> {
    return isWhole(this.parts.reading, this.#places, info);
  }

  async #statusOf(namespace: string, { ref, total, startedNs, expected }: IngestRecord): Promise<IngestStatus> {
    const written = await this.parts.reading.call('written', [this.#places.ingest(namespace, ref)]);
    const updatedNs = written === undefined ? startedNs : BigInt(Math.round(written.atMs * 1000)) * 1000n;
    return { ref, offset: written?.size ?? 0, total, expected, startedNs, updatedNs };
  }

  async #removeIfUnused(digest: string): Promise<void> {
    const { content } = this.parts.records;
    if (content.findAnywhere(digest) !== undefined) return;
    const isAwaited = [...content.allIngests()].some(([namespace, { ref, expected }]) => expected === digest && this.#locks.isLocked(keyOf(namespace, ref)));
    if (this.#held.has(digest) || isAwaited) {
      // Another run will find it so no more.
      this.giveUp(digest);
      return;
    }
    this.#small.forget(digest);
    await this.parts.writing.call('remove', [this.#places.blob(digest)]);
  }

  #letGo(digest: string): void {
    const left = (this.#held.get(digest) ?? 1) - 1;
    if (left > 0) {
      this.#held.set(digest, left);
      return;
    }
    this.#held.delete(digest);
    if (this.#given.has(digest)) this.parts.onLess();
  }

  #isBeingWritten(path: string): boolean {
    return [...this.parts.records.content.allIngests()].some(([namespace, { ref }]) => this.#places.ingest(namespace, ref) === path);
  }

  async #makeDirectories(): Promise<void> {
    this.#directories ??= this.parts.writing.call('makeDirectories', [this.#places.blobs, this.#places.ingests]);
    try {
      await this.#directories;
    } catch (error) {
      this.#directories = undefined;
      throw error;
    }
  }
}

function keyOf(namespace: string, ref: string): string {
  return `${namespace}/${ref}`;
}

function notFound(digest: string): ImagesError {
  return new ImagesError('not-found', `content digest ${digest}`);
}

