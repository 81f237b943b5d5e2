import { gzipSync } from 'node:zlib';
import { type NewEntry, endOfArchive, headerOf, padding } from '../../src/images/tar/writer';

/** An entry, with its content where it has one. */
export type TestEntry = Partial<NewEntry> & Pick<NewEntry, 'path'> & { readonly content?: string | Buffer };

/** An archive of entries, in their order. */
export function tarOf(entries: readonly TestEntry[], end = endOfArchive()): Buffer {
  return Buffer.concat([...entries.map(entryOf), end]);
}

export function gzipOf(entries: readonly TestEntry[]): Buffer {
  return gzipSync(tarOf(entries));
}

function entryOf({ content = '', ...entry }: TestEntry): Buffer {
  const bytes = Buffer.from(content);
  const kind = entry.kind ?? (entry.path.endsWith('/') ? 'directory' : 'file');
  const header = headerOf({ mode: kind === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, modifiedSeconds: 1_000_000_000, size: bytes.length, ...entry, kind });
  return Buffer.concat([header, bytes, padding(bytes.length)]);
}
