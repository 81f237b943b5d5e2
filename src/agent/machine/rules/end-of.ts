import { type Clocks, type Moment, msSince } from '../clocks';
import type { Situation } from '../situation';
import type { End, Stored } from '../state';

/** How the run ended that there was; undefined where there was none. */
export function endOf(stored: Stored, { status, unknown }: { readonly status: number; readonly unknown: string }, now: Clocks): End | undefined {
  const upSince = upSinceOf(stored);
  if (upSince === undefined) return undefined;
  return { status, unknown, atMs: now.wallMs, ranMs: msSince(upSince, now) };
}

function upSinceOf(stored: Stored): Moment | undefined {
  return 'upSince' in stored ? stored.upSince : undefined;
}

/** With the end that the event tells, if it does. One that ended before its start was reported has still run. */
export function withEnd(stored: Stored, { event, now }: Situation): Stored {
  if (event.kind !== 'ended') return stored;
  const { status, unknown } = event;
  return { ...stored, lastEnd: endOf(stored, event, now) ?? { status, unknown, atMs: now.wallMs, ranMs: 0 } };
}
