import type { ByteText } from '../../sys/files/rooted-directory';
import { number, whole } from './block';
import { TarError } from './entry';
import { type PaxRecords, paxNumber } from './pax';

/** A part of a sparse file that is not a hole. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Extents of one file: a map of more is no file's, but somebody's who wants our memory. */
const MOST_EXTENTS = 1_000_000;

/** Of the oldest format (GNU tar, "Old GNU format"): entries of 24 bytes, a byte that says that more follow, the size in the end. */
const HEADER_MAP = { at: 386, entries: 4, more: 482 } as const;
const BLOCK_MAP = { at: 0, entries: 21, more: 504 } as const;
const REAL_SIZE = [483, 12] as const;

/** Reads a part of an old map: of the header itself, or of a block after it. @returns whether another block follows */
export function readOldMap(block: Buffer, where: 'header' | 'block', into: Extent[]): boolean {
  const { at, entries, more } = where === 'header' ? HEADER_MAP : BLOCK_MAP;
  for (let index = 0; index < entries; index += 1) {
    const start = at + index * 24;
    // The first that is empty ends the list.
    if (block[start] === 0) break;
    into.push({ offset: whole(number(block, [start, 12], 'sparse map'), 'sparse map'), length: whole(number(block, [start + 12, 12], 'sparse map'), 'sparse map') });
    if (into.length > MOST_EXTENTS) throw new TarError('a sparse file of too many parts', 'limit');
  }
  return block[more] !== 0;
}

export function oldRealSize(header: Buffer): number {
  return whole(number(header, REAL_SIZE, 'size'), 'size');
}

/** What pax headers say of a sparse file (GNU tar, "PAX Format, Versions 0.0, 0.1 and 1.0"). */
export interface PaxSparse {
  readonly path: ByteText | undefined;
  readonly size: number;
  /** Undefined: the map is at the beginning of the content. */
  readonly map: readonly Extent[] | undefined;
}

/** @returns undefined for a file that is not sparse. @throws TarError */
export function paxSparse(records: PaxRecords): PaxSparse | undefined {
  const last = (key: string): ByteText | undefined => records.findLast(([name]) => name === `GNU.sparse.${key}`)?.[1];
  const path = last('name');
  const sizeText = last('realsize') ?? last('size');
  if (last('major') === '1' && last('minor') === '0') return { path, size: paxNumber(sizeText ?? '', 'GNU.sparse.realsize'), map: undefined };
  const numbers = last('map')?.split(',') ?? records.flatMap(([key, value]) => (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes' ? [value] : []));
  if (sizeText === undefined || last('numblocks') === undefined) return undefined;
  return { path, size: paxNumber(sizeText, 'GNU.sparse.size'), map: extentsOf(numbers) };
}

/** The map before the content of version 1.0: how many, then offset and length of each, a line each, filled up to a block. */
export class ContentMap {
  readonly #blocks: string[] = [];
  #lines = 0;

  /** Takes the next block. @returns the map, once it is whole. @throws TarError */
  take(block: Buffer): readonly Extent[] | undefined {
    const text = block.toString('latin1');
    this.#blocks.push(text);
    this.#lines += text.split('\n').length - 1;
    const count = /^(\d{1,7})\n/.exec(this.#blocks[0] ?? '')?.[1];
    if (count === undefined || Number(count) > MOST_EXTENTS) throw new TarError('a sparse file with a damaged map');
    const wanted = Number(count) * 2 + 1;
    return this.#lines < wanted ? undefined : extentsOf(this.#blocks.join('').split('\n', wanted).slice(1));
  }
}

function extentsOf(numbers: readonly ByteText[]): Extent[] {
  if (numbers.length % 2 !== 0 && numbers.join('') !== '') throw new TarError('a sparse file with a damaged map');
  if (numbers.length / 2 > MOST_EXTENTS) throw new TarError('a sparse file of too many parts', 'limit');
  const extents: Extent[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    extents.push({ offset: paxNumber(numbers[index] ?? '', 'sparse map'), length: paxNumber(numbers[index + 1] ?? '', 'sparse map') });
  }
  return extents;
}

/** Parts in order, apart, within the file, and as many bytes as there are. @throws TarError */
export function checkedMap(map: readonly Extent[], size: number, stored: number): readonly Extent[] {
  let end = 0;
  let bytes = 0;
  for (const { offset, length } of map) {
    if (offset < end || offset + length > size) throw new TarError('a sparse file whose parts do not fit into it');
    end = offset + length;
    bytes += length;
  }
  if (bytes !== stored) throw new TarError('a sparse file whose parts are not what is stored');
  return map.filter(({ length }) => length > 0);
}
