import { RecordsError } from './errors';

export type Labels = ReadonlyMap<string, string>;

const mostBytes = 4096;
const shownCharacters = 10;

/** @param of what has the labels, for the message @throws RecordsError `invalid` */
export function checkLabels(of: string, labels: Labels): void {
  for (const [key, value] of labels) {
    if (Buffer.byteLength(key) + Buffer.byteLength(value) <= mostBytes) continue;
    throw new RecordsError('invalid', `${of}: label key and value greater than maximum size (${String(mostBytes)} bytes), key: ${key.slice(0, shownCharacters)}`);
  }
}

/** As a column holds them: pairs, since a label may be named as anything. */
export function printLabels(labels: Labels): string {
  return JSON.stringify([...labels]);
}

export function parseLabels(column: string): Labels {
  return new Map(JSON.parse(column) as [string, string][]);
}

/**
 * The labels after an update: of the named ones alone, or of all where `names` is undefined. An empty value takes a label away.
 */
export function updatedLabels(before: Labels, after: Labels, names: readonly string[] | undefined): Labels {
  const merged = new Map(names === undefined ? after : before);
  for (const name of names ?? []) merged.set(name, after.get(name) ?? '');
  return withoutEmpty(merged);
}

/** An empty label is no label. */
export function withoutEmpty(labels: Labels): Labels {
  return new Map([...labels].filter(([, value]) => value !== ''));
}
