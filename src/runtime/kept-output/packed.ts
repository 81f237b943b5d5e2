import { readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/**
 * A file of kept output that is packed: a file of gzip (RFC 1952) whose members are blocks of the file, each by itself, and at the end an empty member whose extra field says
 * where they are. So any gunzip reads it as it was, and a place in it is found without what comes before.
 */

/** Of the file as it was. Readers ask for half as much at a time. */
export const PACKED_BLOCK_BYTES = 256 * 1024;
/** As many as an extra field says the places of. */
const MOST_BLOCKS = 8000;

const MAGIC = Buffer.from([0x1f, 0x8b, 8]);
const FEXTRA = 4;
const OS_UNKNOWN = 255;
/** Of the extra field's one part. */
const SUBFIELD = Buffer.from('HF');
const HEADER_BYTES = 12;
const SUBFIELD_BYTES = 4;
/** A block's end: as large as files get. */
const END_BYTES = 6;
/** Before the ends: bytes of a block, and of all. */
const NUMBERS_BYTES = 10;
/** Nothing, deflated, its checksum and its length. */
const NOTHING = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

export interface PackedIndex {
  readonly blockBytes: number;
  /** Of the file as it was. */
  readonly totalBytes: number;
  /** Where the members end in the packed file. */
  readonly ends: readonly number[];
}

/** @param totalBytes of the file as it is */
export function packedBlockBytes(totalBytes: number): number {
  const least = Math.ceil(totalBytes / MOST_BLOCKS);
  return Math.max(PACKED_BLOCK_BYTES, Math.ceil(least / PACKED_BLOCK_BYTES) * PACKED_BLOCK_BYTES);
}

/** The last member. */
export function printPackedIndex({ blockBytes, totalBytes, ends }: PackedIndex): Buffer {
  const data = Buffer.alloc(NUMBERS_BYTES + ends.length * END_BYTES + 2);
  data.writeUInt32LE(blockBytes, 0);
  data.writeUIntLE(totalBytes, 4, END_BYTES);
  for (const [at, end] of ends.entries()) data.writeUIntLE(end, NUMBERS_BYTES + at * END_BYTES, END_BYTES);
  // Once more, where it is found from the end.
  data.writeUInt16LE(data.length, data.length - 2);
  const header = Buffer.alloc(HEADER_BYTES + SUBFIELD_BYTES);
  MAGIC.copy(header);
  header[3] = FEXTRA;
  header[9] = OS_UNKNOWN;
  header.writeUInt16LE(SUBFIELD_BYTES + data.length, 10);
  SUBFIELD.copy(header, HEADER_BYTES);
  header.writeUInt16LE(data.length, HEADER_BYTES + SUBFIELD.length);
  return Buffer.concat([header, data, NOTHING]);
}

/** @param size of the packed file @returns undefined for what was not packed so, or not to its end @throws the system's error */
export function readPackedIndex(fd: number, size: number): PackedIndex | undefined {
  const tail = readAt(fd, size - NOTHING.length - 2, NOTHING.length + 2);
  if (tail === undefined || !tail.subarray(2).equals(NOTHING)) return undefined;
  const dataBytes = tail.readUInt16LE(0);
  const count = (dataBytes - NUMBERS_BYTES - 2) / END_BYTES;
  const member = readAt(fd, size - NOTHING.length - dataBytes - SUBFIELD_BYTES - HEADER_BYTES, HEADER_BYTES + SUBFIELD_BYTES + dataBytes);
  if (member === undefined || !Number.isInteger(count) || count < 0) return undefined;
  const data = member.subarray(HEADER_BYTES + SUBFIELD_BYTES);
  const ends = Array.from({ length: count }, (_, at) => data.readUIntLE(NUMBERS_BYTES + at * END_BYTES, END_BYTES));
  const index = { blockBytes: data.readUInt32LE(0), totalBytes: data.readUIntLE(4, END_BYTES), ends };
  // What says something else of itself is none of ours.
  return printPackedIndex(index).subarray(0, member.length).equals(member) && count === Math.ceil(index.totalBytes / Math.max(1, index.blockBytes)) ? index : undefined;
}

/** What there is of so many bytes of the file as it was. @throws the system's error, or zlib's for one that is damaged */
export function readPacked(fd: number, { blockBytes, totalBytes, ends }: PackedIndex, offset: number, length: number): Buffer {
  const end = Math.min(totalBytes, offset + length);
  const blocks: Buffer[] = [];
  const first = Math.floor(offset / blockBytes);
  for (let at = first; at * blockBytes < end; at += 1) {
    const begins = at === 0 ? 0 : (ends[at - 1] ?? 0);
    const bytes = readAt(fd, begins, (ends[at] ?? begins) - begins);
    blocks.push(gunzipSync(bytes ?? Buffer.alloc(0), { maxOutputLength: blockBytes }));
  }
  return Buffer.concat(blocks).subarray(offset - first * blockBytes, end - first * blockBytes);
}

/** Undefined where there is not so much. */
function readAt(fd: number, position: number, length: number): Buffer | undefined {
  if (position < 0 || length < 0) return undefined;
  const bytes = Buffer.alloc(length);
  let count = 0;
  while (count < length) {
    const more = readSync(fd, bytes, count, length - count, position + count);
    if (more === 0) return undefined;
    count += more;
  }
  return bytes;
}
