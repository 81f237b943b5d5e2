import { RecordsError } from '../../records/errors';
import type { Records } from '../../records/records';
import type { BlobStore } from '../content/blob-store';
import type { BlobWriter, ContentInfo } from '../content/content-store';
import type { Descriptor } from '../descriptor';
import { ImagesError } from '../errors';
import { MOST_JSON_BYTES } from './formats';

/** Blobs of one namespace that a lease keeps while something is made of them. */
export class KeptContent {
  constructor(
    private readonly records: Records,
    private readonly store: BlobStore,
    readonly namespace: string,
    readonly lease: string,
  ) {}

  writer(ref: string): Promise<BlobWriter> {
    return this.store.writer(this.namespace, ref, { lease: this.lease });
  }

  /** Makes a blob of what has been written, or keeps the one that is there already. Where that fails nothing is left of it. */
  async commit(writer: BlobWriter): Promise<{ readonly digest: string; readonly size: number }> {
    try {
      return await this.#commit(writer);
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    }
  }

  async put(ref: string, bytes: Uint8Array): Promise<{ readonly digest: string; readonly size: number }> {
    const writer = await this.writer(ref);
    try {
      await writer.write(bytes);
      return await this.commit(writer);
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }

  async #commit(writer: BlobWriter): Promise<{ readonly digest: string; readonly size: number }> {
    const { digest, status: { offset: size } } = writer;
    if (await this.keep(digest)) {
      await writer.abort();
      return { digest, size };
    }
    try {
      await writer.commit({});
    } catch (error) {
      // Somebody else has been quicker with the same.
      if (!isCode(error, 'exists') || !(await this.keep(digest))) throw error;
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

  has(digest: string): boolean {
    return this.#find(digest) !== undefined;
  }

  /** Whole. @throws ImagesError `not-found`; `invalid` where it is longer than any such document */
  async json({ digest, size }: Descriptor): Promise<Uint8Array> {
    const blob = this.store.open(this.namespace, digest);
    try {
      if (blob.size > MOST_JSON_BYTES) throw new ImagesError('invalid', `${digest} has ${String(blob.size)} bytes, which no manifest has`);
      if (blob.size !== size) throw new ImagesError('invalid', `${digest} has ${String(blob.size)} bytes, and is said to have ${String(size)}`);
      return await blob.read(0, blob.size);
    } finally {
      blob.close();
    }
  }

  async label(digest: string, labels: ReadonlyMap<string, string>): Promise<void> {
    await this.store.updateLabels(this.namespace, digest, labels, [...labels.keys()]);
  }

  #find(digest: string): ContentInfo | undefined {
    return this.records.content.find(this.namespace, digest);
  }
}

/** Of this room, or of the records, which are asked last. */
export function isCode(error: unknown, code: 'exists' | 'not-found'): boolean {
  return (error instanceof ImagesError || error instanceof RecordsError) && error.code === code;
}
