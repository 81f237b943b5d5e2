import { ByNamespace } from './by-namespace';
import type { ContentRecord, IngestRecord } from './content-record';
import { type Labels, checkLabels } from './labels';
import type { LeaseResource } from './lease-record';
import type { Leases } from './leases';
import type { Namespaces } from './namespaces';
import type { Writer } from './writer';

/** Which blobs each namespace has, and which are on their way. The bytes are another room's. What a change has resolved with is on the disk. */
export class Content {
  readonly #blobs = new ByNamespace<ContentRecord>();
  readonly #ingests = new ByNamespace<IngestRecord>();

  constructor(
    private readonly writer: Writer,
    private readonly namespaces: Namespaces,
    private readonly leases: Leases,
  ) {}

  /** No namespace has a blob, nor one on its way. */
  get isEmpty(): boolean {
    return this.#blobs.isEmpty && this.#ingests.isEmpty;
  }

  find(namespace: string, digest: string): ContentRecord | undefined {
    return this.#blobs.find(namespace, digest);
  }

  /** By digest. */
  list(namespace: string): ContentRecord[] {
    return this.#blobs.list(namespace);
  }

  /** In whatever namespace; undefined where none has it. */
  findAnywhere(digest: string): ContentRecord | undefined {
    const [namespace] = this.#blobs.namespacesOf(digest);
    return namespace === undefined ? undefined : this.find(namespace, digest);
  }

  findIngest(namespace: string, ref: string): IngestRecord | undefined {
    return this.#ingests.find(namespace, ref);
  }

  /** By ref. */
  listIngests(namespace: string): IngestRecord[] {
    return this.#ingests.list(namespace);
  }

  /** Of all namespaces. */
  allIngests(): Iterable<readonly [namespace: string, ingest: IngestRecord]> {
    return this.#ingests.all();
  }

  /** Begins one, or says another thing of it. @param lease keeps it from now on @throws RecordsError `not-found` for a lease that is not there */
  async putIngest(namespace: string, ingest: IngestRecord, lease: string | undefined): Promise<void> {
    await this.writer.change('putIngest', [namespace, ingest, lease], () => {
      this.loadIngest(namespace, ingest);
      this.leases.loadResource(namespace, lease, ingestResource(ingest.ref));
      this.namespaces.loadIfNew(namespace);
    });
  }

  /** One that is not there: nothing to do. */
  async deleteIngest(namespace: string, ref: string): Promise<void> {
    await this.writer.change('deleteIngest', [namespace, ref], () => { this.#forgetIngest(namespace, ref); });
  }

  /** A blob is there, and its ingest no more. @throws RecordsError `exists`, `invalid`, `not-found` for a lease that is not there */
  async commit(namespace: string, ref: string, record: ContentRecord, lease: string | undefined): Promise<void> {
    checkLabels('info.Labels', record.labels);
    await this.writer.change('commitContent', [namespace, ref, record, lease], () => {
      this.#forgetIngest(namespace, ref);
      this.load(namespace, record);
      this.leases.loadResource(namespace, lease, { type: 'content', id: record.digest });
      this.namespaces.loadIfNew(namespace);
    });
  }

  /** @param names the labels that are changed; undefined: all @throws RecordsError `not-found`, `invalid` */
  async updateLabels(namespace: string, digest: string, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): Promise<ContentRecord> {
    return this.writer.change('updateContent', [namespace, digest, labels, names, nowNs], (after) => { this.load(namespace, after); });
  }

  /** @throws RecordsError `not-found` */
  async delete(namespace: string, digest: string): Promise<void> {
    await this.writer.change('deleteContent', [namespace, digest], () => { this.forget(namespace, digest); });
  }

  /** It is on the disk. */
  load(namespace: string, record: ContentRecord): void {
    this.#blobs.set(namespace, record.digest, record);
  }

  loadIngest(namespace: string, ingest: IngestRecord): void {
    this.#ingests.set(namespace, ingest.ref, ingest);
  }

  /** It is not on the disk any more. */
  forget(namespace: string, digest: string): void {
    this.#blobs.delete(namespace, digest);
  }

  forgetIngest(namespace: string, ref: string): void {
    this.#ingests.delete(namespace, ref);
  }

  #forgetIngest(namespace: string, ref: string): void {
    this.forgetIngest(namespace, ref);
    this.leases.forgetResource(namespace, ingestResource(ref));
  }
}

function ingestResource(ref: string): LeaseResource {
  return { type: 'ingests', id: ref };
}
