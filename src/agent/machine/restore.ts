import { type Clocks, msSince } from './clocks';
import type { ProgramEvent } from './event';
import type { Stored } from './state';

/** What there is of a program's process when a daemon starts. */
export type Found =
  /** It runs, and has for so long, or less: the shell that a host program becomes may have waited for its start (src/shim/process/waiting-stubs.ts). */
  | { readonly is: 'alive'; readonly ranMs: number }
  /** That of the generation that is written down is over. */
  | { readonly is: 'ended'; readonly status: number }
  | { readonly is: 'nothing' };

/**
 * What a restart has to tell the state machine, by what is written down and what is found. There are three cases: it is there; its end is
 * there; nothing is there, and what was to be done is done (again). Undefined: nothing to tell; `actOf` says what is to be done.
 */
export function restoreEvent(stored: Stored, found: Found, now: Clocks): ProgramEvent | undefined {
  switch (found.is) {
    case 'alive':
      return { kind: 'up', ranMs: stored.state === 'STARTING' ? Math.min(found.ranMs, msSince(stored.since, now)) : found.ranMs };
    case 'ended':
      return hadProcess(stored) ? { kind: 'ended', status: found.status, unknown: '' } : undefined;
    case 'nothing':
      if (!hadProcess(stored) || (stored.state === 'STARTING' && stored.phase === 'start')) return undefined;
      if (stored.state === 'STOPPING' && stored.upSince === undefined) return { kind: 'start-failed', detail: '', failure: 'other' };
      return { kind: 'ended', status: 255, unknown: 'its state directory was lost' };
  }
}

/** It has a process, or may have. */
function hadProcess(stored: Stored): boolean {
  const { state } = stored;
  return state === 'RUNNING' || state === 'STOPPING' || state === 'UNKNOWN' || (state === 'STARTING' && stored.phase !== 'dependency');
}
