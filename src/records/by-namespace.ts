/** Records in memory, by namespace and then by a text of their own. */
export class ByNamespace<T> {
  readonly #records = new Map<string, Map<string, T>>();

  find(namespace: string, key: string): T | undefined {
    return this.#records.get(namespace)?.get(key);
  }

  set(namespace: string, key: string, record: T): void {
    const records = this.#records.get(namespace) ?? new Map<string, T>();
    this.#records.set(namespace, records.set(key, record));
  }

  delete(namespace: string, key: string): void {
    const records = this.#records.get(namespace);
    records?.delete(key);
    if (records?.size === 0) this.#records.delete(namespace);
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /** In the order of their keys. */
  list(namespace: string): T[] {
    return [...(this.#records.get(namespace) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  }

  /** Of all namespaces. */
  *all(): Generator<readonly [namespace: string, record: T]> {
    for (const [namespace, records] of this.#records) for (const record of records.values()) yield [namespace, record];
  }

  /** Those that have one of this key. */
  namespacesOf(key: string): string[] {
    return [...this.#records].filter(([, records]) => records.has(key)).map(([namespace]) => namespace);
  }
}
