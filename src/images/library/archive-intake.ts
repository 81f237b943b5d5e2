import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { isZstdOfNode, packingOf, unpacked } from '../diff/process/unpacked';
import type { BlobWriter } from '../content/content-store';
import { ImagesError } from '../errors';
import type { TarEntry } from '../tar/entry';
import { type TarSink, TarReader } from '../tar/reader';
import { MOST_JSON_BYTES } from './formats';
import type { KeptContent } from './kept-content';

/** A file of the archive, which is a blob now. */
export interface Member {
  readonly digest: string;
  readonly size: number;
  /** By its first bytes. */
  readonly isGzip: boolean;
}

/** What an archive may hold at most: more is no image. */
const MOST_BYTES = 256 * 1024 ** 3;
const MOST_MEMBERS = 100_000;
/** These say what the others are. They are kept in memory, and are no blobs. */
const documents = new Set(['index.json', 'manifest.json', 'oci-layout']);

type Piece = { readonly is: 'begin'; readonly entry: TarEntry } | { readonly is: 'data'; readonly bytes: Buffer; readonly offset: number } | { readonly is: 'end' };

/** The archive of images, as its files have become blobs one after the other: nothing is known of them before the last has come. */
export class ArchiveIntake {
  readonly documents = new Map<string, Buffer>();
  readonly #members = new Map<string, Member>();
  readonly #links = new Map<string, string>();
  #pieces: Piece[] = [];
  #writer: BlobWriter | undefined;
  #entry: { readonly path: string; readonly isDocument: boolean; head: Buffer; bytes: Buffer[]; size: number } | undefined;
  #count = 0;
  #bytes = 0;

  constructor(private readonly content: KeptContent) {}

  /** All of it. @throws TarError, ImagesError: what has come until then is the lease's */
  async take(source: AsyncIterable<Uint8Array>): Promise<void> {
    const sink: TarSink = {
      begin: (entry) => { this.#pieces.push({ is: 'begin', entry }); },
      // The reader uses its bytes again, where this is taken later.
      data: (bytes, offset) => { this.#pieces.push({ is: 'data', bytes: Buffer.from(bytes), offset }); },
      end: () => { this.#pieces.push({ is: 'end' }); },
    };
    const reader = new TarReader(sink);
    try {
      for await (const piece of unpacked(Readable.from(source, { objectMode: false }), checkPacking)) {
        this.#bytes += piece.length;
        if (this.#bytes > MOST_BYTES) throw new ImagesError('invalid', `the archive unpacks to more than ${String(MOST_BYTES)} bytes`);
        reader.push(piece);
        const pieces = this.#pieces;
        this.#pieces = [];
        for (const one of pieces) await this.#follow(one);
      }
      reader.finish();
    } catch (error) {
      // Nobody goes on with half a file, and it would stay for a day.
      await this.#writer?.abort().catch(() => undefined);
      throw error;
    } finally {
      this.#writer?.close();
    }
  }

  /** A file by its path, through links of the archive; undefined where there is none. */
  find(path: string): Member | undefined {
    let at = normal(path);
    // A link to a link to itself.
    for (let links = 0; links < 10; links += 1) {
      const member = this.#members.get(at);
      if (member !== undefined) return member;
      const target = this.#links.get(at);
      if (target === undefined) return undefined;
      at = target;
    }
    return undefined;
  }

  async #follow(piece: Piece): Promise<void> {
    if (piece.is === 'begin') await this.#begin(piece.entry);
    else if (piece.is === 'data') await this.#data(piece.bytes, piece.offset);
    else await this.#end();
  }

  async #begin({ kind, path: bytes, linkPath, size }: TarEntry): Promise<void> {
    this.#count += 1;
    if (this.#count > MOST_MEMBERS) throw new ImagesError('invalid', `the archive has more than ${String(MOST_MEMBERS)} files`);
    const path = normal(bytes);
    if (kind === 'symlink') this.#links.set(path, normal(posix.join(posix.dirname(path), linkPath)));
    if (kind === 'link') this.#links.set(path, normal(linkPath));
    if (kind !== 'file') return;
    const isDocument = documents.has(path);
    if (isDocument && size > MOST_JSON_BYTES) throw new ImagesError('invalid', `${path} has ${String(size)} bytes, more than ${String(MOST_JSON_BYTES)}`);
    this.#entry = { path, isDocument, head: Buffer.alloc(0), bytes: [], size: 0 };
    if (isDocument) return;
    this.#writer = await this.content.writer(`${this.content.lease}-${String(this.#count)}`);
  }

  async #data(bytes: Buffer, offset: number): Promise<void> {
    const entry = this.#entry;
    if (entry === undefined) return;
    if (offset !== entry.size) throw new ImagesError('invalid', `${entry.path} has holes, which no blob has`);
    if (entry.head.length < 4) entry.head = Buffer.concat([entry.head, bytes.subarray(0, 4)]);
    entry.size += bytes.length;
    if (entry.isDocument) entry.bytes.push(bytes);
    else await this.#writer?.write(bytes);
  }

  async #end(): Promise<void> {
    const entry = this.#entry;
    const writer = this.#writer;
    this.#entry = undefined;
    this.#writer = undefined;
    if (entry?.isDocument === true) this.documents.set(entry.path, Buffer.concat(entry.bytes));
    if (entry === undefined || writer === undefined) return;
    try {
      const { digest, size } = await this.content.commit(writer);
      this.#members.set(entry.path, { digest, size, isGzip: packingOf(entry.head) === 'gzip' });
    } finally {
      writer.close();
    }
  }
}

/** The daemon's one thread has more to do than to unpack. @throws ImagesError */
function checkPacking(packing: ReturnType<typeof packingOf>): void {
  if (packing === 'zstd' && !isZstdOfNode) throw new ImagesError('invalid', `an archive that is packed with zstd wants Node 22.15, and this is ${process.version}: unpack it first (zstd -d)`);
}

/** Names the same file whatever way it is written; what leads out of the archive is no file of it. */
function normal(path: string): string {
  return posix.normalize(`/${path}`).slice(1);
}
