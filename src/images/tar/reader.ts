import type { ByteText } from '../../sys/files/rooted-directory';
import { type HeaderBlock, isZero, readHeader } from './block';
import { BLOCK, type EntryKind, type TarEntry, TarError } from './entry';
import { type PaxRecords, paxNumber, paxTime, readPax } from './pax';
import { ContentMap, type Extent, checkedMap, oldRealSize, paxSparse, readOldMap } from './sparse';

/** Told of what an archive holds, in its order. What it throws ends the reading. */
export interface TarSink {
  begin(entry: TarEntry): void;
  /** Bytes of the file that has begun, and where in it they belong. They are the caller's again afterwards. */
  data(bytes: Buffer, offset: number): void;
  end(): void;
}

/** What an extended header may hold, or a long name: it is kept in memory. */
const MOST_META_BYTES = 1024 * 1024;
const ATTRIBUTE = 'SCHILY.xattr.';

const kinds: ReadonlyMap<string, EntryKind> = new Map([
  ['0', 'file'], ['\0', 'file'], ['7', 'file'], ['S', 'file'], ['1', 'link'], ['2', 'symlink'], ['3', 'character'], ['4', 'block'], ['5', 'directory'], ['6', 'fifo'],
]);

/** What the reader is at, with how many bytes of it are to come. */
type At = 'header' | 'meta' | 'old-map' | 'content-map' | 'data' | 'padding' | 'end';

/**
 * Reads an archive as it comes, in pieces of any size: ustar, pax, GNU's long names, base-256 numbers and sparse files of all four kinds. It reads synchronously,
 * keeps nothing but what an entry's headers say (bounded), and leaves paths as they are. Libraries for Node lose bytes of extended attributes, which are not text,
 * put no bound to what headers hold, and do not know sparse files.
 */
export class TarReader {
  #at: At = 'header';
  /** Bytes to come of what it is at. */
  #left = BLOCK;
  readonly #block = Buffer.alloc(BLOCK);
  #blockBytes = 0;
  #zeroBlocks = 0;
  /** Content of a header that is about the next entry. */
  #meta: Buffer[] = [];
  #metaType = '';
  #pax: PaxRecords = [];
  #longPath: ByteText | undefined;
  #longLink: ByteText | undefined;
  /** Of the entry that is being read. */
  #header: HeaderBlock | undefined;
  #padding = 0;
  #map: readonly Extent[] = [];
  #oldMap: Extent[] = [];
  #oldSize = 0;
  #contentMap = new ContentMap();
  #extent = 0;
  #inExtent = 0;

  constructor(private readonly sink: TarSink) {}

  /** Whether the archive has said that it is over: what still comes means nothing. */
  get isOver(): boolean {
    return this.#at === 'end';
  }

  /** @throws TarError, and what the sink throws */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length && this.#at !== 'end';) {
      const part = piece.subarray(at, at + this.#left);
      at += this.#take(part);
    }
  }

  /** The archive is over. @throws TarError where it was cut off */
  finish(): void {
    const isBetween = this.#at === 'header' && this.#blockBytes === 0 && this.#pax.length === 0 && this.#longPath === undefined && this.#longLink === undefined;
    if (this.#at !== 'end' && !isBetween) throw new TarError('the archive was cut off: unexpected end of file');
  }

  /** @param part at most what is left. @returns how many bytes were taken */
  #take(part: Buffer): number {
    switch (this.#at) {
      case 'header':
      case 'old-map':
      case 'content-map':
        return this.#takeBlock(part);
      case 'meta':
        this.#meta.push(Buffer.from(part));
        return this.#took(part.length, () => { this.#metaEnds(); });
      case 'data':
        return this.#takeData(part);
      case 'padding':
        return this.#took(part.length, () => { this.#go('header', BLOCK); });
      case 'end':
        return part.length;
    }
  }

  #takeBlock(part: Buffer): number {
    const room = part.subarray(0, BLOCK - this.#blockBytes);
    room.copy(this.#block, this.#blockBytes);
    this.#blockBytes += room.length;
    if (this.#blockBytes < BLOCK) return room.length;
    this.#blockBytes = 0;
    if (this.#at === 'header') this.#headerCame();
    else if (this.#at === 'old-map') this.#oldMapCame(readOldMap(this.#block, 'block', this.#oldMap));
    else this.#contentMapCame();
    return room.length;
  }

  #takeData(part: Buffer): number {
    const extent = this.#map[this.#extent];
    if (extent === undefined) throw new TarError('a file with more content than it has');
    const bytes = part.subarray(0, extent.length - this.#inExtent);
    this.sink.data(bytes, extent.offset + this.#inExtent);
    this.#inExtent += bytes.length;
    if (this.#inExtent === extent.length) {
      this.#extent += 1;
      this.#inExtent = 0;
    }
    return this.#took(bytes.length, () => { this.#entryEnds(); });
  }

  #took(bytes: number, whenAll: () => void): number {
    this.#left -= bytes;
    if (this.#left === 0) whenAll();
    return bytes;
  }

  #go(at: At, bytes: number): void {
    this.#at = at;
    this.#left = bytes;
  }

  #headerCame(): void {
    if (isZero(this.#block)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) this.#go('end', 0);
      return;
    }
    if (this.#zeroBlocks > 0) throw new TarError('not a tar archive, or a damaged one: an empty block between entries');
    const header = readHeader(this.#block);
    if (['x', 'g', 'L', 'K'].includes(header.type)) this.#metaBegins(header);
    else this.#entryBegins(header);
  }

  #metaBegins({ type, size }: HeaderBlock): void {
    if (size > MOST_META_BYTES) throw new TarError(`a header of ${size} bytes, more than ${MOST_META_BYTES}`, 'limit');
    this.#metaType = type;
    this.#meta = [];
    this.#padding = paddingOf(size);
    this.#go('meta', size);
    if (size === 0) this.#metaEnds();
  }

  #metaEnds(): void {
    const content = Buffer.concat(this.#meta);
    this.#meta = [];
    const zero = content.indexOf(0);
    const name = content.toString('latin1', 0, zero < 0 ? content.length : zero);
    // A global header (`g`) is about all that follows: nobody means it for layers, and git writes one.
    if (this.#metaType === 'x') this.#pax = readPax(content);
    else if (this.#metaType === 'L') this.#longPath = name;
    else if (this.#metaType === 'K') this.#longLink = name;
    this.#pad();
  }

  #entryBegins(header: HeaderBlock): void {
    if (!kinds.has(header.type)) throw new TarError(`unhandled tar header type ${header.type.charCodeAt(0)}`);
    this.#header = header;
    this.#oldMap = [];
    if (header.type !== 'S') {
      this.#contentBegins();
      return;
    }
    this.#oldSize = oldRealSize(this.#block);
    this.#oldMapCame(readOldMap(this.#block, 'header', this.#oldMap));
  }

  #oldMapCame(hasMore: boolean): void {
    if (hasMore) this.#go('old-map', BLOCK);
    else this.#contentBegins();
  }

  /** All headers of the entry are there. */
  #contentBegins(): void {
    const header = this.#header;
    if (header === undefined) throw new TarError('content without a header');
    const sizeText = lastOf(this.#pax, 'size');
    const stored = sizeText === undefined ? header.size : paxNumber(sizeText, 'size');
    const kind = this.#kindOf(header);
    if (kind !== 'file') {
      this.#begin(kind, 0, 0, []);
      return;
    }
    const sparse = paxSparse(this.#pax);
    if (header.type === 'S') this.#begin(kind, this.#oldSize, stored, this.#oldMap);
    else if (sparse === undefined) this.#begin(kind, stored, stored, [{ offset: 0, length: stored }]);
    else if (sparse.map !== undefined) this.#begin(kind, sparse.size, stored, sparse.map);
    else {
      this.#contentMap = new ContentMap();
      this.#padding = paddingOf(stored);
      this.#oldSize = sparse.size;
      // What the map leaves is the content.
      this.#inExtent = stored;
      this.#go('content-map', BLOCK);
    }
  }

  #contentMapCame(): void {
    const map = this.#contentMap.take(this.#block);
    this.#inExtent -= BLOCK;
    if (this.#inExtent < 0) throw new TarError('a sparse file with a damaged map');
    if (map !== undefined) this.#begin('file', this.#oldSize, this.#inExtent, map);
    else this.#go('content-map', BLOCK);
  }

  #begin(kind: EntryKind, size: number, stored: number, map: readonly Extent[]): void {
    this.#map = checkedMap(map, size, stored);
    this.#padding = paddingOf(stored);
    this.#extent = 0;
    this.#inExtent = 0;
    this.sink.begin(this.#entryOf(kind, size));
    this.#go('data', stored);
    if (stored === 0) this.#entryEnds();
  }

  #entryEnds(): void {
    this.sink.end();
    this.#pax = [];
    this.#longPath = undefined;
    this.#longLink = undefined;
    this.#pad();
  }

  #pad(): void {
    if (this.#padding === 0) this.#go('header', BLOCK);
    else this.#go('padding', this.#padding);
  }

  /** Before there were directories in the format, a name with a slash at its end was one. */
  #kindOf(header: HeaderBlock): EntryKind {
    const kind = kinds.get(header.type) ?? 'file';
    return kind === 'file' && header.type !== 'S' && this.#pathOf(header).endsWith('/') ? 'directory' : kind;
  }

  #pathOf(header: HeaderBlock): ByteText {
    return paxSparse(this.#pax)?.path ?? lastOf(this.#pax, 'path') ?? this.#longPath ?? header.path;
  }

  #entryOf(kind: EntryKind, size: number): TarEntry {
    const header = this.#header;
    if (header === undefined) throw new TarError('content without a header');
    const pax = (key: string): ByteText | undefined => lastOf(this.#pax, key);
    const timeOf = (key: string): bigint | undefined => {
      const value = pax(key);
      return value === undefined ? undefined : paxTime(value, key);
    };
    const uid = pax('uid');
    const gid = pax('gid');
    return {
      kind,
      path: this.#pathOf(header),
      linkPath: pax('linkpath') ?? this.#longLink ?? header.linkPath,
      size,
      mode: header.mode & 0o7777,
      uid: idOf(uid === undefined ? header.uid : paxNumber(uid, 'uid'), 'uid'),
      gid: idOf(gid === undefined ? header.gid : paxNumber(gid, 'gid'), 'gid'),
      device: { major: header.major, minor: header.minor },
      modifiedNs: timeOf('mtime') ?? BigInt(header.mtimeSeconds) * 1_000_000_000n,
      accessedNs: timeOf('atime'),
      attributes: new Map(this.#pax.filter(([key]) => key.startsWith(ATTRIBUTE)).map(([key, value]) => [key.slice(ATTRIBUTE.length), Buffer.from(value, 'latin1')])),
    };
  }
}

/** An empty value takes back what was said before. */
function lastOf(records: PaxRecords, key: string): ByteText | undefined {
  const value = records.findLast(([name]) => name === key)?.[1];
  return value === '' ? undefined : value;
}

/** -1 is no owner, but how chown(2) is told to change none. @throws TarError */
function idOf(value: number, name: string): number {
  if (value < 0 || value > 0xffff_fffe) throw new TarError(`a header whose ${name} cannot be: ${value}`);
  return value;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
