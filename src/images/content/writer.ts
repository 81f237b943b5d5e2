import type { Content } from '../../records/content';
import type { ContentRecord, IngestRecord } from '../../records/content-record';
import { checkLabels, withoutEmpty } from '../../records/labels';
import { RecordsError, mayYetBeMade } from '../../records/errors';
import { faultPoint } from '../../sys/fault';
import type { Turns } from '../../sys/turns';
import { ImagesError } from '../errors';
import type { FileThread } from '../files/file-thread';
import type { IngestBytes } from '../files/thread/open-ingests';
import type { BlobWriter, CommitOptions, ContentInfo, IngestStatus } from './content-store';
import type { ContentPlaces } from './places';
import { PIECE_BYTES, type SharedPieces } from './shared-pieces';
import { isWhole } from './whole-blob';

/** What the writers of a store have in common. */
export interface WriterParts {
  readonly content: Content;
  readonly places: ContentPlaces;
  readonly thread: FileThread;
  readonly pieces: SharedPieces;
  /** By digest: what makes the file of a blob, and what takes it away. */
  readonly turns: Turns;
  readonly nowNs: () => bigint;
  /** A number for an open file that no other has. */
  readonly nextId: () => number;
}

/** Which blob it is to be. */
export interface WriterTarget {
  readonly namespace: string;
  readonly ingest: IngestRecord;
  readonly lease: string | undefined;
  /** When it was last written. */
  readonly updatedNs: bigint;
}

/** One blob on its way in, into a file; or one whose bytes another namespace has, and which need not come again. */
export class IngestWriter implements BlobWriter {
  /** Of the open file in the thread; undefined: another namespace has the bytes. */
  #id: number | undefined;
  /** What is written is put there for the thread. */
  #shared: SharedArrayBuffer | undefined;
  #bytes: IngestBytes;
  #updatedNs: bigint;
  #isOver = false;

  private constructor(
    private readonly parts: WriterParts,
    private readonly target: WriterTarget,
    private readonly letGo: () => void,
    open: { readonly id: number; readonly shared: SharedArrayBuffer } | undefined,
    bytes: IngestBytes,
  ) {
    this.#id = open?.id;
    this.#shared = open?.shared;
    this.#bytes = bytes;
    this.#updatedNs = target.updatedNs;
  }

  /** @param letGo called when it is closed */
  static async open(parts: WriterParts, target: WriterTarget, letGo: () => void): Promise<IngestWriter> {
    const id = parts.nextId();
    const shared = parts.pieces.take();
    const bytes = await parts.thread.call('openIngest', [id, pathOf(parts, target), shared]);
    return new IngestWriter(parts, target, letGo, { id, shared }, bytes);
  }

  /** One whose bytes another namespace has. */
  static shared(parts: WriterParts, target: WriterTarget, letGo: () => void, { digest, size }: ContentRecord): IngestWriter {
    return new IngestWriter(parts, target, letGo, undefined, { offset: size, digest });
  }

  get status(): IngestStatus {
    const { ref, total, expected, startedNs } = this.target.ingest;
    return { ref, offset: this.#bytes.offset, total, expected, startedNs, updatedNs: this.#updatedNs };
  }

  get digest(): string {
    return this.#bytes.digest;
  }

  async write(...pieces: readonly Uint8Array[]): Promise<void> {
    const id = this.#id ?? (await this.#takeBytes('copied'));
    let held = 0;
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + PIECE_BYTES - held);
        this.#put(part, held);
        held += part.length;
        at += part.length;
        if (held < PIECE_BYTES) continue;
        await this.#append(id, held);
        held = 0;
      }
    }
    if (held > 0) await this.#append(id, held);
  }

  async truncate(): Promise<void> {
    const id = this.#id ?? (await this.#takeBytes('none'));
    this.#bytes = await this.parts.thread.call('truncate', [id]);
    this.#updatedNs = this.parts.nowNs();
  }

  async commit({ total = 0, expected = '', labels = new Map() }: CommitOptions): Promise<ContentInfo> {
    const { namespace, ingest: { ref }, lease } = this.target;
    const { offset, digest } = this.#bytes;
    if (total > 0 && total !== offset) throw new ImagesError('precondition', `${JSON.stringify(ref)} failed size validation: ${String(offset)} != ${String(total)}`);
    if (expected !== '' && expected !== digest) throw new ImagesError('precondition', `unexpected commit digest ${digest}, expected ${expected}`);
    const nowNs = this.parts.nowNs();
    const record: ContentRecord = { digest, size: offset, labels: withoutEmpty(labels), createdNs: nowNs, updatedNs: nowNs };
    checkLabels('info.Labels', record.labels);
    const { content } = this.parts;
    await this.parts.turns.run(digest, async () => {
      await this.#giveFile(digest);
      try {
        await content.commit(namespace, ref, record, lease);
      } catch (error) {
        // The ingest stays, with its bytes. A file that no record comes to tell of is removed after the next start.
        if (!mayYetBeMade(error) && content.findAnywhere(digest) === undefined) await this.parts.thread.call('remove', [this.parts.places.blob(digest)]);
        if (error instanceof RecordsError && error.code === 'exists') await this.abort();
        throw error;
      }
    });
    faultPoint('daemon.content.committed');
    await this.#removeFile();
    this.close();
    return record;
  }

  async abort(): Promise<void> {
    await this.parts.content.deleteIngest(this.target.namespace, this.target.ingest.ref);
    await this.#removeFile();
    this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Requests of one thread are answered in their order: whoever opens the ref next comes after this.
    if (this.#id !== undefined) void this.#closeFile(this.#id);
    this.letGo();
  }

  /** Until the thread has answered, it may still be reading what it was asked to write. */
  async #closeFile(id: number): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    try {
      await this.parts.thread.call('close', [id]);
    } catch {
      return;
    }
    if (shared !== undefined) this.parts.pieces.give(shared);
  }

  #put(part: Uint8Array, at: number): void {
    // By now it may be another writer's.
    if (this.#shared === undefined) throw new ImagesError('failed', `${JSON.stringify(this.target.ingest.ref)}: its writer is closed`);
    new Uint8Array(this.#shared).set(part, at);
  }

  async #append(id: number, length: number): Promise<void> {
    this.#bytes = await this.parts.thread.call('append', [id, length]);
    this.#updatedNs = this.parts.nowNs();
  }

  /** The blob's file is there when this returns. */
  async #giveFile(digest: string): Promise<void> {
    const { content, places, thread } = this.parts;
    const known = content.findAnywhere(digest);
    if (this.#id === undefined) {
      if (known === undefined) throw new ImagesError('not-found', `content digest ${digest}`);
    } else if (known === undefined || !(await isWhole(thread, places, known))) {
      await thread.call('link', [this.#id, places.blob(digest)]);
    }
  }

  /** From now on it has a file of its own. */
  async #takeBytes(which: 'copied' | 'none'): Promise<number> {
    const id = this.parts.nextId();
    const path = pathOf(this.parts, this.target);
    if (which === 'copied') {
      await this.parts.turns.run(this.#bytes.digest, () => this.parts.thread.call('copy', [this.parts.places.blob(this.#bytes.digest), path]));
    }
    const shared = this.parts.pieces.take();
    this.#bytes = await this.parts.thread.call('openIngest', [id, path, shared]);
    this.#id = id;
    this.#shared = shared;
    return id;
  }

  async #removeFile(): Promise<void> {
    if (this.#id !== undefined) await this.parts.thread.call('remove', [pathOf(this.parts, this.target)]);
  }
}

function pathOf({ places }: WriterParts, { namespace, ingest }: WriterTarget): string {
  return places.ingest(namespace, ingest.ref);
}
