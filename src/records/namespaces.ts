import { type Labels, checkLabels } from './labels';
import type { Writer } from './writer';

export interface NamespaceRecord {
  readonly name: string;
  readonly labels: Labels;
}

/** The namespaces. One comes to be with the first thing that is made in it, and stays until it is deleted. */
export class Namespaces {
  readonly #labels = new Map<string, Labels>();

  constructor(private readonly writer: Writer) {}

  /** Its labels; none where it is not there, which is no error. */
  labels(name: string): Labels {
    return this.#labels.get(name) ?? new Map();
  }

  has(name: string): boolean {
    return this.#labels.has(name);
  }

  /** By name. */
  list(): NamespaceRecord[] {
    return [...this.#labels].map(([name, labels]) => ({ name, labels })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws RecordsError `exists`, `invalid` */
  async create(name: string, labels: Labels): Promise<void> {
    checkLabels('namespace.Labels', labels);
    await this.writer.change('createNamespace', [name, labels], () => { this.load(name, labels); });
  }

  /** One that is not there comes to be. @param names the labels that are changed; undefined: all @throws RecordsError `invalid` */
  async update(name: string, labels: Labels, names: readonly string[] | undefined): Promise<void> {
    await this.writer.change('updateNamespace', [name, labels, names], (after) => { this.load(name, after); });
  }

  /** @throws RecordsError `not-found`, `in-use` as long as it has containers */
  async delete(name: string): Promise<void> {
    await this.writer.change('deleteNamespace', [name], () => { this.#labels.delete(name); });
  }

  /** It is on the disk. */
  load(name: string, labels: Labels): void {
    this.#labels.set(name, labels);
  }

  /** What has been made in it is on the disk, and so is it. */
  loadIfNew(name: string): void {
    if (!this.has(name)) this.load(name, new Map());
  }
}
