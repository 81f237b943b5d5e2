import type { ContainerRecord, OpaqueValue } from './container-record';
import { checkLabels } from './labels';
import type { Namespaces } from './namespaces';
import { Turns } from '../sys/turns';
import type { Writer } from './writer';

/** The container records, by namespace and id. What a change has resolved with is on the disk; what is read was there before. */
export class Containers {
  readonly #records = new Map<string, Map<string, ContainerRecord>>();
  /** Of each record: an update is made of what the one before has left. */
  readonly #turns = new Turns();

  constructor(
    private readonly writer: Writer,
    private readonly namespaces: Namespaces,
  ) {}

  /** @throws RecordsError `exists`, `invalid` */
  async create(namespace: string, given: ContainerRecord): Promise<void> {
    checkLabels('containers.Labels', given.labels);
    const record = ownCopy(given);
    await this.writer.change('createContainer', [namespace, record], () => {
      this.load(namespace, record);
      this.namespaces.loadIfNew(namespace);
    });
  }

  find(namespace: string, id: string): ContainerRecord | undefined {
    return this.#records.get(namespace)?.get(id);
  }

  /** By id. */
  list(namespace: string): ContainerRecord[] {
    return [...(this.#records.get(namespace)?.values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @param change what becomes of the record, or of none; what it throws refuses the update @throws RecordsError `not-found`, `invalid` */
  update(namespace: string, id: string, change: (before: ContainerRecord | undefined) => ContainerRecord): Promise<ContainerRecord> {
    return this.#turns.run(`${namespace}/${id}`, async () => {
      const given = change(this.find(namespace, id));
      checkLabels('containers.Labels', given.labels);
      const record = ownCopy(given);
      await this.writer.change('replaceContainer', [namespace, record], () => { this.load(namespace, record); });
      return record;
    });
  }

  /** @throws RecordsError `not-found` */
  async delete(namespace: string, id: string): Promise<void> {
    await this.writer.change('deleteContainer', [namespace, id], () => { this.#records.get(namespace)?.delete(id); });
  }

  count(namespace: string): number {
    return this.#records.get(namespace)?.size ?? 0;
  }

  /** It is on the disk; or nothing can be, and it is for this daemon's life. */
  load(namespace: string, record: ContainerRecord): void {
    const records = this.#records.get(namespace) ?? new Map<string, ContainerRecord>();
    this.#records.set(namespace, records.set(record.id, record));
  }
}

/** Without the memory around its values: they lie in the messages that they came in, and are sent to the thread with all that they lie in. */
function ownCopy(record: ContainerRecord): ContainerRecord {
  const { runtime, spec, extensions } = record;
  return {
    ...record,
    labels: new Map(record.labels),
    runtime: { name: runtime.name, options: runtime.options && ownValue(runtime.options) },
    spec: spec && ownValue(spec),
    extensions: new Map([...extensions].map(([name, value]) => [name, ownValue(value)])),
  };
}

function ownValue({ type, value }: OpaqueValue): OpaqueValue {
  return { type, value: new Uint8Array(value) };
}
