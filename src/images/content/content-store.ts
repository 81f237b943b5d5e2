import type { Labels } from '../../records/labels';

/** A blob as a namespace sees it. */
export interface ContentInfo {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly labels: Labels;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

/** A blob that is held open: it stays where it is until `close`, whatever is deleted meanwhile. */
export interface BlobReader {
  readonly digest: string;
  readonly size: number;
  /** For another process to open. Its bytes never change. */
  readonly path: string;
  /** At most `length` bytes from `offset` on; fewer at the end alone. @throws ImagesError */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** May be called twice. */
  close(): void;
}

/** What is known of a blob that is being written. */
export interface IngestStatus {
  readonly ref: string;
  /** Bytes that are there. */
  readonly offset: number;
  /** As its writer has announced it; 0: not at all. */
  readonly total: number;
  readonly expected: string;
  readonly startedNs: bigint;
  readonly updatedNs: bigint;
}

export interface WriterOptions {
  /** Bytes that will come; 0 or left out: not known. One that differs from what an ingest of this ref has begins it anew. */
  readonly total?: number;
  /** The digest that it will have. Where that is here, the writer is refused with `exists`; where another namespace has it, nothing need be written. */
  readonly expected?: string;
  /** The lease that keeps the ingest, and then the blob. `not-found` where it is not there. */
  readonly lease?: string | undefined;
}

export interface CommitOptions {
  /** Bytes that it must have; 0 or left out: whatever. */
  readonly total?: number;
  readonly expected?: string;
  readonly labels?: Labels;
}

/** One blob on its way in. Its calls are made one after the other. */
export interface BlobWriter {
  readonly status: IngestStatus;
  /** Of the bytes so far. */
  readonly digest: string;
  /** Appends them, one after the other. They are the caller's again when this has settled. @throws ImagesError */
  write(...pieces: readonly Uint8Array[]): Promise<void>;
  /** Throws away what is there. */
  truncate(): Promise<void>;
  /**
   * Makes it a blob of its namespace, which is whole and on the disk when this resolves. @returns its digest
   * @throws ImagesError `precondition` for a size or digest that is another: then the ingest stays; `exists`
   */
  commit(options: CommitOptions): Promise<ContentInfo>;
  /** Ends it, and throws away what is there. */
  abort(): Promise<void>;
  /** Lets go of the ref; what is written stays, for who goes on with it. May be called twice. */
  close(): void;
}

/** Blobs by their digest. What a namespace has not written itself it does not see; the bytes are kept once for all. */
export interface ContentStore {
  /** @throws ImagesError `invalid`, `not-found` */
  info(namespace: string, digest: string): ContentInfo;
  /** By digest. */
  list(namespace: string): readonly ContentInfo[];
  /** To be closed. @throws ImagesError `invalid`, `not-found` */
  open(namespace: string, digest: string): BlobReader;
  /** Begins a blob, or goes on with one. To be closed. @throws ImagesError `exists`, `locked`, `not-found` */
  writer(namespace: string, ref: string, options?: WriterOptions): Promise<BlobWriter>;
  /** @param names the labels that are changed; undefined: all. An empty one goes. @throws ImagesError `not-found` */
  updateLabels(namespace: string, digest: string, labels: Labels, names: readonly string[] | undefined): Promise<ContentInfo>;
  /** @throws ImagesError `not-found` */
  delete(namespace: string, digest: string): Promise<void>;
  /** @throws ImagesError `not-found` */
  ingest(namespace: string, ref: string): Promise<IngestStatus>;
  /** By ref. */
  ingests(namespace: string): Promise<readonly IngestStatus[]>;
  /** @throws ImagesError `not-found`, `locked` */
  abort(namespace: string, ref: string): Promise<void>;
}
