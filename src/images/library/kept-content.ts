import type { Labels } from '../../records/labels';
import type { Records } from '../../records/records';
import type { BlobStore } from '../content/blob-store';
import type { BlobWriter, ContentInfo, WriterOptions } from '../content/content-store';
import type { Descriptor } from '../descriptor';
import { ImagesError, isCode } from '../errors';
import { MOST_JSON_BYTES } from './formats';

/** Blobs of one namespace that a lease keeps while something is made of them. */
export class KeptContent {
  constructor(
    private readonly records: Records,
    private readonly store: BlobStore,
    readonly namespace: string,
    readonly lease: string,
  ) {}

  /** Goes on with what is left of it. */
  writer(ref: string, wishes: Pick<WriterOptions, 'total' | 'expected'> = {}): Promise<BlobWriter> {
    return this.store.writer(this.namespace, ref, { ...wishes, lease: this.lease });
  }

  /** Makes a blob of what has been written, with these labels, or keeps the one that is there already, as it is. Where that fails nothing is left of it. */
  async commit(writer: BlobWriter, labels?: Labels): Promise<{ readonly digest: string; readonly size: number }> {
    try {
      return await this.#commit(writer, labels);
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    }
  }

  async put(ref: string, bytes: Uint8Array, labels?: Labels): Promise<{ readonly digest: string; readonly size: number }> {
    const writer = await this.writer(ref);
    try {
      await writer.write(bytes);
      return await this.commit(writer, labels);
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }

  async #commit(writer: BlobWriter, labels: Labels = new Map()): Promise<{ readonly digest: string; readonly size: number }> {
    const { digest, status: { offset: size } } = writer;
    if (await this.keepWhole(digest)) {
      await writer.abort();
      return { digest, size };
    }
    try {
      await writer.commit({ labels });
    } catch (error) {
      // Somebody else has been quicker with the same.
      if (!isCode(error, 'exists') || !(await this.keepWhole(digest))) throw error;
    }
    return { digest, size };
  }

  /** @returns whether it is there, and stays */
  async keep(digest: string): Promise<boolean> {
    if (!this.has(digest)) return false;
    await this.records.leases.addResource(this.namespace, this.lease, { type: 'content', id: digest });
    // A run of the collector that began before the lease had it may have taken it away.
    return this.has(digest);
  }

  /** As {@link keep}; one whose file has vanished, or was cut short, is not there. */
  async keepWhole(digest: string): Promise<boolean> {
    return (await this.keep(digest)) && this.isWhole(digest);
  }

  async isWhole(digest: string): Promise<boolean> {
    return this.checkWhole(digest).then(() => true, () => false);
  }

  /** @throws ImagesError where it is not here, or its file does not have all of its bytes */
  checkWhole(digest: string): Promise<void> {
    return this.store.checkWhole(this.namespace, digest);
  }

  /** What is on its way by this lease, and goes on no more, goes at once: it would stay for a day. */
  async abandon(): Promise<void> {
    const { leases } = this.records;
    if (!leases.has(this.namespace, this.lease)) return;
    const ingests = leases.resources(this.namespace, this.lease).filter(({ type }) => type === 'ingests');
    await Promise.all(ingests.map(({ id }) => this.store.abort(this.namespace, id).catch(() => undefined)));
  }

  has(digest: string): boolean {
    return this.#find(digest) !== undefined;
  }

  /** Bytes. @throws ImagesError `not-found` */
  sizeOf(digest: string): number {
    return this.store.info(this.namespace, digest).size;
  }

  /** Whole. @throws ImagesError `not-found`; `invalid` where it is longer than any such document, or than it is said to be */
  async json(descriptor: Descriptor): Promise<Uint8Array> {
    const { digest } = descriptor;
    this.checkLength(descriptor, this.sizeOf(digest));
    return this.whole(digest);
  }

  /** @throws ImagesError `invalid` where it is longer than any document, or than it is said to be */
  checkLength({ digest, size }: Descriptor, bytes: number): void {
    if (bytes > MOST_JSON_BYTES) throw new ImagesError('invalid', `${digest} has ${String(bytes)} bytes, which no manifest has`);
    if (bytes !== size) throw new ImagesError('invalid', `${digest} has ${String(bytes)} bytes, and is said to have ${String(size)}`);
  }

  /** All of a document. @throws ImagesError `not-found`; `invalid` where it is longer than any */
  async whole(digest: string): Promise<Buffer> {
    const blob = this.store.open(this.namespace, digest);
    try {
      this.checkLength({ mediaType: '', digest, size: blob.size, annotations: new Map() }, blob.size);
      return Buffer.from(await blob.read(0, blob.size));
    } finally {
      blob.close();
    }
  }

  /** A blob from `offset` on, piece by piece. @throws ImagesError `not-found`, `failed` */
  async *pieces(digest: string, offset: number, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    const blob = this.store.open(this.namespace, digest);
    try {
      for (let at = offset; at < blob.size; at += pieceBytes) yield await blob.read(at, pieceBytes);
    } finally {
      blob.close();
    }
  }

  /** Empty where it has none. */
  labelOf(digest: string, name: string): string {
    return this.#find(digest)?.labels.get(name) ?? '';
  }

  async label(digest: string, labels: ReadonlyMap<string, string>): Promise<void> {
    await this.store.updateLabels(this.namespace, digest, labels, [...labels.keys()]);
  }

  #find(digest: string): ContentInfo | undefined {
    return this.records.content.find(this.namespace, digest);
  }
}
