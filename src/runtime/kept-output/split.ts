import { type CriLine, MOST_TEXT_BYTES, decodeCri } from './cri-format';
import type { Series } from './file-names';
import type { KeptEntry } from './query';

const NEWLINE = 10;

/** An entry, and where the next one begins in what was split. */
export interface SplitEntry extends Omit<KeptEntry, 'cursor'> {
  readonly end: number;
}

/**
 * Splits a part of a file that begins with a line. The last line is left where it has no end yet and may get one.
 * @param isWhole nothing comes after these bytes, for now: in `raw` what has no newline is a part then
 */
export function split(series: Series, bytes: Buffer, isWhole: boolean): SplitEntry[] {
  const entries: SplitEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const entry = series === 'output' ? criEntry(bytes, at, newline) : rawEntry(series, bytes, at, { newline, isWhole });
    if (entry === undefined) break;
    entries.push(entry);
    at = entry.end;
  }
  return entries;
}

/** What is no line of the format, is text that came from nobody knows where: it is shown, as if stdout had said it. */
function criEntry(bytes: Buffer, at: number, newline: number): SplitEntry | undefined {
  if (newline < 0) return undefined;
  const line = bytes.subarray(at, newline);
  const decoded: CriLine = decodeCri(line) ?? { timeNs: 0n, stream: 'stdout', isPartial: false, text: line };
  return { ...decoded, end: newline + 1 };
}

function rawEntry(stream: 'stdout' | 'stderr', bytes: Buffer, at: number, { newline, isWhole }: { readonly newline: number; readonly isWhole: boolean }): SplitEntry | undefined {
  const stop = newline < 0 ? bytes.length : newline;
  const end = Math.min(stop, at + MOST_TEXT_BYTES);
  const isPartial = end !== newline;
  if (isPartial && end === bytes.length && !isWhole) return undefined;
  return { stream, timeNs: undefined, text: bytes.subarray(at, end), isPartial, end: isPartial ? end : end + 1 };
}
