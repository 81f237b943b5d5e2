import type { LineRate } from '../../runtime/kept-output/kept-output';

const NEWLINE = 10;
const NS_PER_MS = 1_000_000n;

/** Which line the next byte goes on. */
export const lineParts = ['none', 'kept', 'dropped'] as const;

/** How a stream stands to its limit of lines: what a copier writes down with each chunk, and the next one goes on from. */
export interface RateState {
  /** When the time that is counted in has begun. */
  readonly sinceNs: bigint;
  /** Lines that were begun in it, and are kept. */
  readonly lines: number;
  /** Lines that are not kept, and that the output does not tell of yet. */
  readonly dropped: number;
  readonly within: (typeof lineParts)[number];
}

/** The first bytes of a chunk, which have one fate, and how it stands after them. */
export interface Verdict {
  readonly isKept: boolean;
  readonly length: number;
  readonly state: RateState;
}

/** Whether the time that is counted in is over. A clock that was set back begins another one. */
export function isOver({ perMs }: LineRate, { sinceNs }: RateState, nowNs: bigint): boolean {
  return nowNs < sinceNs || nowNs >= sinceNs + BigInt(perMs) * NS_PER_MS;
}

/** When it is over at the latest: milliseconds from now, at least one. */
export function msLeft({ perMs }: LineRate, { sinceNs }: RateState, nowNs: bigint): number {
  return Math.min(perMs, Math.max(1, Number((sinceNs - nowNs) / NS_PER_MS) + perMs + 1));
}

/** What becomes of the first bytes: a line is kept whole, or not at all. @param bytes at least one */
export function judge({ lines: most }: LineRate, state: RateState, bytes: Buffer): Verdict {
  let { lines, dropped, within } = state;
  let isKept: boolean | undefined;
  let at = 0;
  while (at < bytes.length) {
    const stays = within === 'none' ? lines < most : within === 'kept';
    if (isKept !== undefined && isKept !== stays) break;
    isKept = stays;
    if (within === 'none' && stays) lines += 1;
    if (within === 'none' && !stays) dropped += 1;
    const newline = bytes.indexOf(NEWLINE, at);
    within = newline >= 0 ? 'none' : stays ? 'kept' : 'dropped';
    at = newline >= 0 ? newline + 1 : bytes.length;
  }
  return { isKept: isKept ?? true, length: at, state: { sinceNs: state.sinceNs, lines, dropped, within } };
}

/** The line that says how many were dropped. */
export function droppedNotice({ lines, perMs }: LineRate, { dropped }: RateState): Buffer {
  const [are, per] = [dropped === 1 ? 'line was' : 'lines were', perMs % 1000 === 0 ? `${String(perMs / 1000)}s` : `${String(perMs)}ms`];
  return Buffer.from(`holdfast: ${String(dropped)} ${are} dropped here: more than ${String(lines)} in ${per}\n`);
}
