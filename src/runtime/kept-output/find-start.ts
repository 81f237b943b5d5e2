import type { KeptListing } from '../foreign/kept';
import type { Place } from './cursor';
import type { OutputStream } from './kept-output';
import type { KeptStart } from './query';
import type { Row } from './row';
import { split, type SplitEntry } from './split';

const NEWLINE = 10;
const NS_PER_MS = 1_000_000n;
const BLOCK_BYTES = 64 * 1024;

/** Where to begin in a row, and how much of what comes then is left out. */
export interface Start {
  readonly place: Place;
  /** So much of what `measure` says of entries. */
  readonly skip: number;
}

/** What `lastLines` and `lastBytes` count. */
export function measure(start: KeptStart | undefined, { text, isPartial }: Pick<SplitEntry, 'text' | 'isPartial'>): number {
  if (start !== undefined && 'lastLines' in start) return isPartial ? 0 : 1;
  return text.length + (isPartial ? 0 : 1);
}

/** @param files of the row, rising @param streams which of the entries count */
export async function findStart(row: Row, files: readonly KeptListing[], start: KeptStart | undefined, streams: readonly OutputStream[]): Promise<Start> {
  const first: Place = { number: files[0]?.number ?? 1, offset: 0 };
  if (start === undefined || files.length === 0) return { place: first, skip: 0 };
  if ('sinceNs' in start) return { place: await findTime(row, files, start.sinceNs), skip: 0 };
  if ('after' in start) return { place: first, skip: 0 };
  const wanted = 'lastLines' in start ? start.lastLines : start.lastBytes;
  return await findFromEnd(row, files, wanted, { streams, count: (entry) => measure(start, entry) });
}

/** Which entries count, and how much each. */
interface Counted {
  readonly streams: readonly OutputStream[];
  readonly count: (entry: SplitEntry) => number;
}

/** Goes back block by block, each beginning with a line, until there is enough. */
async function findFromEnd(row: Row, files: readonly KeptListing[], wanted: number, { streams, count }: Counted): Promise<Start> {
  let total = 0;
  let place: Place = { number: files.at(-1)?.number ?? 1, offset: files.at(-1)?.size ?? 0 };
  let isLast = true;
  for (const { number, size } of [...files].reverse()) {
    for (let end = size; end > 0; ) {
      if (total >= wanted) return { place, skip: total - wanted };
      const begin = await lineBefore(row, number, end);
      const bytes = (await row.block(number, begin, end - begin)) ?? Buffer.alloc(0);
      const entries = split(row.series, bytes, true).filter(({ stream }) => streams.includes(stream));
      for (const entry of entries) total += count(entry);
      // What has no newline at its end yet is a line, too.
      if (isLast && entries.at(-1)?.isPartial === true && wanted > 0) total += Math.max(0, 1 - count(entries.at(-1) as SplitEntry));
      if (entries.length > 0) isLast = false;
      place = { number, offset: begin };
      end = begin;
    }
  }
  return { place, skip: Math.max(0, total - wanted) };
}

/** Where a line begins some way before `end`, which is a line's beginning or the end of the file. */
async function lineBefore(row: Row, number: number, end: number): Promise<number> {
  for (let length = BLOCK_BYTES; length < end; length += BLOCK_BYTES) {
    const begin = end - length;
    // With the byte before: a line may begin right there.
    const bytes = (await row.block(number, begin - 1, length)) ?? Buffer.alloc(0);
    const newline = bytes.indexOf(NEWLINE);
    if (newline >= 0 && begin + newline < end) return begin + newline;
    // A line without an end, in `raw`: it may be as long as the file, and is parted anywhere.
    if (row.series !== 'output') return begin;
  }
  return 0;
}

async function findTime(row: Row, files: readonly KeptListing[], sinceNs: bigint): Promise<Place> {
  if (row.series !== 'output') {
    const file = files.find(({ writtenMs }) => BigInt(Math.ceil(writtenMs)) * NS_PER_MS >= sinceNs) ?? files.at(-1);
    const isAfter = file !== undefined && BigInt(Math.ceil(file.writtenMs)) * NS_PER_MS < sinceNs;
    return { number: file?.number ?? 1, offset: isAfter ? file.size : 0 };
  }
  for (const { number, size } of [...files].reverse()) {
    const firstNs = await timeAt(row, number, 0);
    if (firstNs === undefined || firstNs >= sinceNs) continue;
    return { number, offset: await bisect(row, number, size, sinceNs) };
  }
  return { number: files[0]?.number ?? 1, offset: 0 };
}

/** A line that is older, and after which there is not much that is. */
async function bisect(row: Row, number: number, size: number, sinceNs: bigint): Promise<number> {
  let older = 0;
  let newer = size;
  while (newer - older > 2 * BLOCK_BYTES) {
    const middle = await lineBefore(row, number, Math.floor((older + newer) / 2) + BLOCK_BYTES);
    const timeNs = middle <= older || middle >= newer ? undefined : await timeAt(row, number, middle);
    if (timeNs === undefined) break;
    if (timeNs < sinceNs) older = middle;
    else newer = middle;
  }
  return older;
}

async function timeAt(row: Row, number: number, offset: number): Promise<bigint | undefined> {
  const bytes = (await row.block(number, offset, BLOCK_BYTES)) ?? Buffer.alloc(0);
  return split(row.series, bytes, false)[0]?.timeNs;
}
