import type { OutputStream } from './kept-output';

const NEWLINE = 10;
const NS_PER_MS = 1_000_000n;

/** Longer lines come in parts, as containerd's and CRI-O's do. */
export const MOST_TEXT_BYTES = 16 * 1024;

/** One line of the format: `<time> <stream> <P|F> <text>`; `P`: the next line of the stream goes on with it. */
export interface CriLine {
  readonly timeNs: bigint;
  readonly stream: OutputStream;
  readonly isPartial: boolean;
  /** A view of what was decoded. */
  readonly text: Buffer;
}

export interface EncodeOptions {
  readonly stream: OutputStream;
  readonly timeNs: bigint;
  /** How many bytes there is room for. */
  readonly room: number;
  /** The room is an empty file's: a line that is longer than that is parted, as there is no more room anywhere. */
  readonly isEmptyFile: boolean;
}

/** How many bytes were taken, and how many they have become. */
export interface Encoded {
  readonly taken: number;
  readonly length: number;
}

/**
 * Writes output as lines into a buffer, as far as there is room. What ends without a newline, ends in a part: what comes next goes on with it. The same
 * bytes become the same lines, also when only those are given that were taken: a line that was cut off is finished by encoding it again.
 */
export function encodeCri(from: Buffer, into: Buffer, { stream, timeNs, room, isEmptyFile }: EncodeOptions): Encoded {
  const full = Buffer.from(`${formatTime(timeNs)} ${stream} F `);
  const part = Buffer.from(`${formatTime(timeNs)} ${stream} P `);
  const overhead = full.length + 1;
  const most = Math.min(room, into.length);
  let taken = 0;
  let length = 0;
  while (taken < from.length) {
    const newline = from.indexOf(NEWLINE, taken);
    let end = Math.min(newline < 0 ? from.length : newline, taken + MOST_TEXT_BYTES);
    if (overhead + end - taken > most - length) {
      if (length > 0 || !isEmptyFile) break;
      end = taken + most - overhead;
    }
    const isFull = end === newline;
    length = put(isFull ? full : part, 0, full.length, into, length);
    length = put(from, taken, end, into, length);
    into[length] = NEWLINE;
    length += 1;
    taken = isFull ? end + 1 : end;
  }
  return { taken, length };
}

/** @returns undefined for a line that is none of the format @param line without its newline */
export function decodeCri(line: Buffer): CriLine | undefined {
  const timeEnd = line.indexOf(' ');
  const streamEnd = line.indexOf(' ', timeEnd + 1);
  const tagEnd = line.indexOf(' ', streamEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) return undefined;
  const stream = line.toString('latin1', timeEnd + 1, streamEnd);
  const timeNs = parseTime(line.toString('latin1', 0, timeEnd));
  if (timeNs === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  return { timeNs, stream, isPartial: line[streamEnd + 1] === 'P'.charCodeAt(0), text: line.subarray(tagEnd + 1) };
}

/** RFC 3339 in UTC with all nine digits of the nanoseconds: such times sort as texts. */
export function formatTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / NS_PER_MS)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/.exec(text);
  const ms = Date.parse(`${match?.[1] ?? ''}Z`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * NS_PER_MS + BigInt(match?.[2] ?? 0);
}

/** Below this, a loop is quicker than a call of the copying function. */
const SHORT_BYTES = 64;

function put(from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  if (end - start > SHORT_BYTES) return at + from.copy(into, at, start, end);
  let to = at;
  for (let index = start; index < end; index += 1, to += 1) into[to] = from[index] ?? 0;
  return to;
}
