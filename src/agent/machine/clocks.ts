/** A moment by both clocks. */
export interface Moment {
  /** Names the boot of the host that `bootMs` counts from. */
  readonly bootId: string;
  /** CLOCK_BOOTTIME, milliseconds: counts while the host sleeps, and nobody sets it (clock_gettime(2)). */
  readonly bootMs: number;
  /** Milliseconds since 1970: may be set, forwards and back. */
  readonly wallMs: number;
}

/** The time now, as a state machine is given it. */
export type Clocks = Moment;

/** A moment to come, and how long it was away when it was set. */
export interface Deadline extends Moment {
  readonly spanMs: number;
}

/** @param spanMs from now; less than 0 is now */
export function deadlineIn(now: Clocks, spanMs: number): Deadline {
  const span = Math.max(0, spanMs);
  return { bootId: now.bootId, bootMs: now.bootMs + span, wallMs: now.wallMs + span, spanMs: span };
}

/**
 * How long until then; 0 where it is over. In the same boot a step of the wall clock changes nothing. After another boot there is the wall clock
 * alone, which may have been set meanwhile: it is never longer than it was at first.
 */
export function msUntil(deadline: Deadline, now: Clocks): number {
  if (deadline.bootId === now.bootId) return Math.max(0, deadline.bootMs - now.bootMs);
  return Math.min(deadline.spanMs, Math.max(0, deadline.wallMs - now.wallMs));
}

/** How long ago that was; after another boot by the wall clock, and never less than 0. */
export function msSince(moment: Moment, now: Clocks): number {
  return Math.max(0, moment.bootId === now.bootId ? now.bootMs - moment.bootMs : now.wallMs - moment.wallMs);
}
