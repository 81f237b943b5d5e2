/** A record, and the namespace that it is in. */
export interface InNamespace<T> {
  readonly namespace: string;
  readonly record: T;
}
