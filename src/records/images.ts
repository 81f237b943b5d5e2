import { Turns } from '../sys/turns';
import { ByNamespace } from './by-namespace';
import type { ImageRecord } from './image-record';
import { checkLabels } from './labels';
import type { Namespaces } from './namespaces';
import type { Writer } from './writer';

/** The names of images, by namespace. What a change has resolved with is on the disk; what is read was there before. */
export class Images {
  readonly #records = new ByNamespace<ImageRecord>();
  /** Of each record: an update is made of what the one before has left. */
  readonly #turns = new Turns();

  constructor(
    private readonly writer: Writer,
    private readonly namespaces: Namespaces,
  ) {}

  find(namespace: string, name: string): ImageRecord | undefined {
    return this.#records.find(namespace, name);
  }

  /** By name. */
  list(namespace: string): ImageRecord[] {
    return this.#records.list(namespace);
  }

  /** @throws RecordsError `exists`, `invalid` */
  async create(namespace: string, record: ImageRecord): Promise<void> {
    checkLabels('image.Labels', record.labels);
    await this.writer.change('createImage', [namespace, record], () => {
      this.load(namespace, record);
      this.namespaces.loadIfNew(namespace);
    });
  }

  /** @param change what becomes of the record, or of none; what it throws refuses the update @throws RecordsError `not-found`, `invalid` */
  update(namespace: string, name: string, change: (before: ImageRecord | undefined) => ImageRecord): Promise<ImageRecord> {
    return this.#turns.run(`${namespace}/${name}`, async () => {
      const record = change(this.find(namespace, name));
      checkLabels('image.Labels', record.labels);
      await this.writer.change('replaceImage', [namespace, record], () => { this.load(namespace, record); });
      return record;
    });
  }

  /** @throws RecordsError `not-found` */
  async delete(namespace: string, name: string): Promise<void> {
    await this.writer.change('deleteImage', [namespace, name], () => { this.#records.delete(namespace, name); });
  }

  /** It is on the disk. */
  load(namespace: string, record: ImageRecord): void {
    this.#records.set(namespace, record.name, record);
  }
}
