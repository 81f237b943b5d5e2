import type { ByteText } from '../../sys/files/rooted-directory';
import { BLOCK, type EntryKind } from './entry';
import { type PaxRecords, writePax } from './pax';

/** What an entry is to say. */
export interface NewEntry {
  readonly kind: EntryKind;
  readonly path: ByteText;
  readonly linkPath?: ByteText;
  readonly size?: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major?: number;
  readonly minor?: number;
  readonly modifiedSeconds: number;
  readonly attributes?: ReadonlyMap<ByteText, Buffer>;
}

const flags: Readonly<Record<EntryKind, string>> = { file: '0', link: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' };
const MOST_OCTAL = { 8: 0o7777777, 12: 0o77777777777 } as const;

/** The header of an entry, in pax form (POSIX.1-2017): what does not fit into the old one, or is not ASCII, is in an extended header before it. Its content comes after it, filled up by `padding`. */
export function headerOf(entry: NewEntry): Buffer {
  const { path, linkPath = '', size = 0, uid, gid, modifiedSeconds, attributes = new Map<ByteText, Buffer>() } = entry;
  const placed = split(path);
  const records: (readonly [ByteText, ByteText])[] = [];
  if (placed === undefined) records.push(['path', path]);
  if (linkPath.length > 100 || !isAscii(linkPath)) records.push(['linkpath', linkPath]);
  if (size > MOST_OCTAL[12]) records.push(['size', String(size)]);
  if (uid > MOST_OCTAL[8]) records.push(['uid', String(uid)]);
  if (gid > MOST_OCTAL[8]) records.push(['gid', String(gid)]);
  if (modifiedSeconds < 0 || modifiedSeconds > MOST_OCTAL[12]) records.push(['mtime', String(modifiedSeconds)]);
  for (const [name, value] of attributes) records.push([`SCHILY.xattr.${name}`, value.toString('latin1')]);
  const header = block(entry, flags[entry.kind], placed ?? { prefix: '', name: path.slice(-100) }, size);
  return records.length === 0 ? header : Buffer.concat([extended(path, records), header]);
}

/** What fills a content of so many bytes up to whole blocks. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** What ends an archive. */
export function endOfArchive(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

function extended(path: ByteText, records: PaxRecords): Buffer {
  const content = writePax(records);
  const name = `PaxHeaders.0/${path.split('/').findLast((part) => part !== '') ?? ''}`.slice(0, 100);
  const header = block({ kind: 'file', path: name, mode: 0o644, uid: 0, gid: 0, modifiedSeconds: 0 }, 'x', { prefix: '', name }, content.length);
  return Buffer.concat([header, content, padding(content.length)]);
}

/** The two places for a path; undefined where it does not fit. */
function split(path: ByteText): { readonly prefix: ByteText; readonly name: ByteText } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= 100) return { prefix: '', name: path };
  const at = path.lastIndexOf('/', Math.min(155, path.length - 2));
  const name = path.slice(at + 1);
  return at <= 0 || name.length > 100 ? undefined : { prefix: path.slice(0, at), name };
}

function isAscii(text: ByteText): boolean {
  return /^[\x01-\x7f]*$/.test(text);
}

function block(entry: NewEntry, flag: string, { prefix, name }: { readonly prefix: ByteText; readonly name: ByteText }, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: 8 | 12): void => {
    const fits = value >= 0 && value <= MOST_OCTAL[length];
    header.write((fits ? value : 0).toString(8).padStart(length - 1, '0'), at, length - 1, 'latin1');
  };
  header.write(name, 0, 100, 'latin1');
  octal(entry.mode & 0o7777, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(size, 124, 12);
  octal(entry.modifiedSeconds, 136, 12);
  header.fill(0x20, 148, 156);
  header.write(flag, 156, 'latin1');
  header.write((entry.linkPath ?? '').slice(0, 100), 157, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  octal(entry.major ?? 0, 329, 8);
  octal(entry.minor ?? 0, 337, 8);
  header.write(prefix, 345, 155, 'latin1');
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
