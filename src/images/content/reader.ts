import type { FileThread } from '../files/file-thread';
import type { BlobReader, ContentInfo } from './content-store';
import { notWhole } from './whole-blob';

/** Manifests and configurations: clients read each several times, whole, in a moment. */
const smallBytes = 64 << 10;
const cacheBytes = 1 << 20;

/** The last small blobs that were read. They never change, so there is nothing to be told of. */
export class SmallBlobs {
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  find(digest: string): Uint8Array | undefined {
    const found = this.#blobs.get(digest);
    if (found === undefined) return undefined;
    // The newest last: the first is the next to go.
    this.#blobs.delete(digest);
    this.#blobs.set(digest, found);
    return found;
  }

  keep(digest: string, bytes: Uint8Array): void {
    if (this.#blobs.has(digest)) return;
    this.#blobs.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#blobs) {
      if (this.#bytes <= cacheBytes) break;
      this.#blobs.delete(oldest);
      this.#bytes -= length;
    }
  }

  forget(digest: string): void {
    this.#bytes -= this.#blobs.get(digest)?.length ?? 0;
    this.#blobs.delete(digest);
  }
}

/** A blob that is held open: its file stays until this is closed. */
export class FileReader implements BlobReader {
  readonly digest: string;
  readonly size: number;

  constructor(
    { digest, size }: ContentInfo,
    readonly path: string,
    private readonly thread: FileThread,
    private readonly small: SmallBlobs,
    private readonly letGo: () => void,
  ) {
    this.digest = digest;
    this.size = size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.size > smallBytes) return this.#fromDisk(offset, length);
    let bytes = this.small.find(this.digest);
    if (bytes === undefined) {
      bytes = await this.#fromDisk(0, this.size);
      this.small.keep(this.digest, bytes);
    }
    return bytes.subarray(offset, offset + length);
  }

  /** Not less than there should be: whoever writes on what has come would write something else. */
  async #fromDisk(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.thread.call('read', [this.path, offset, length]);
    if (bytes.length >= Math.min(length, this.size - offset)) return bytes;
    throw notWhole(this.digest, this.path);
  }

  close(): void {
    this.letGo();
  }
}
