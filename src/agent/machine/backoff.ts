import { type Clocks, type Moment, msSince } from './clocks';
import type { RestartPolicy } from './policy';

/**
 * The pause before the next start.
 * @param failures unexpected ends before this one @param random from 0 to 1, drawn once: the pause that follows from it is written down
 */
export function pauseMs({ initialMs, maxMs, factor, jitter }: RestartPolicy, failures: number, random: number): number {
  // A factor that has grown beyond all numbers is still no number times nothing.
  const grown = initialMs === 0 ? 0 : initialMs * factor ** failures;
  return Math.round(Math.min(maxMs, grown) * (1 + jitter * (2 * random - 1)));
}

/** The unexpected ends that count for the limit, with one now; none are kept where there is no limit. */
export function failuresWithNow({ limit }: RestartPolicy, before: readonly Moment[], now: Clocks): readonly Moment[] {
  if (limit === undefined) return [];
  const counted = before.filter((moment) => msSince(moment, now) < limit.withinMs);
  return [...counted, { bootId: now.bootId, bootMs: now.bootMs, wallMs: now.wallMs }].slice(-(limit.count + 1));
}

/** Whether these are more than are allowed. */
export function isBeyondLimit({ limit }: RestartPolicy, failures: readonly Moment[]): boolean {
  return limit !== undefined && failures.length > limit.count;
}
