import { decodeCri } from './cri-format';
import type { Series } from './file-names';
import type { SplitEntry } from './split';

const NEWLINE = 10;

/**
 * Like `split`, with lines of one stream and time together in one entry: its text has newlines within, then. There may be a million lines a second, and
 * what was taken together has one time.
 */
export function splitTogether(series: Series, bytes: Buffer, isWhole: boolean): SplitEntry[] {
  return series === 'output' ? criTogether(bytes) : rawTogether(series, bytes, isWhole);
}

/** Where the texts go that lines are the parts of. */
interface Target {
  readonly into: Buffer;
  length: number;
}

/** One line tells how those after it begin that belong to it: they are compared byte by byte, and not decoded. */
function criTogether(bytes: Buffer): SplitEntry[] {
  const entries: SplitEntry[] = [];
  const target: Target = { into: Buffer.allocUnsafe(bytes.length), length: 0 };
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline < 0) break;
    const line = bytes.subarray(at, newline);
    const decoded = decodeCri(line);
    if (decoded === undefined) {
      // What is no line of the format, is text that came from nobody knows where: see split().
      entries.push({ timeNs: 0n, stream: 'stdout', isPartial: false, text: line, end: newline + 1 });
      at = newline + 1;
      continue;
    }
    const { stream, timeNs, isPartial, text } = decoded;
    const start = target.length;
    at = takeAlike(bytes, { at, prefixLength: line.length - text.length, isPartial }, target);
    // The newline at its end is not the text's.
    entries.push({ stream, timeNs, isPartial, text: target.into.subarray(start, isPartial ? target.length : target.length - 1), end: at });
  }
  return entries;
}

/** Takes the texts of a line and of those after it that begin as it does. @returns where the next one begins */
function takeAlike(bytes: Buffer, first: { readonly at: number; readonly prefixLength: number; readonly isPartial: boolean }, target: Target): number {
  const { into } = target;
  const { prefixLength, isPartial } = first;
  let to = target.length;
  let at = first.at;
  for (;;) {
    let from = at + prefixLength;
    const begun = to;
    while (from < bytes.length && bytes[from] !== NEWLINE) {
      into[to] = bytes[from] ?? 0;
      to += 1;
      from += 1;
    }
    // The last line has no end yet.
    if (from >= bytes.length) {
      target.length = begun;
      return at;
    }
    if (!isPartial) {
      into[to] = NEWLINE;
      to += 1;
    }
    at = from + 1;
    target.length = to;
    if (!isAlike(bytes, first.at, at, prefixLength)) return at;
  }
}

function isAlike(bytes: Buffer, one: number, other: number, length: number): boolean {
  if (other + length > bytes.length) return false;
  // From the end: what differs is there.
  for (let index = length - 1; index >= 0; index -= 1) if (bytes[one + index] !== bytes[other + index]) return false;
  return true;
}

function rawTogether(stream: 'stdout' | 'stderr', bytes: Buffer, isWhole: boolean): SplitEntry[] {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const entries: SplitEntry[] = end === 0 ? [] : [{ stream, timeNs: undefined, isPartial: false, text: bytes.subarray(0, end - 1), end }];
  // The rest may get its newline with the next block, but for a line that is longer than one.
  if (end < bytes.length && (isWhole || end === 0)) entries.push({ stream, timeNs: undefined, isPartial: true, text: bytes.subarray(end), end: bytes.length });
  return entries;
}
