import { type Stored, isOver } from '../machine/state';
import type { StateHappening } from './happening';

/** Whose state it is. */
export interface Subject {
  readonly process: string;
  readonly group: string;
  /** Of the run that there is, or was; 0: nobody knows it. */
  readonly pid: number;
  /** Whether such an end is no failure. */
  readonly expects: (end: { readonly status: number; readonly unknown: string }) => boolean;
  readonly nowMs: number;
}

type Name = Stored['state'];

/**
 * What is told of a change, in supervisord's steps: there a process that ends has EXITED before it waits for its next start, and has STOPPED before it is started again. Listeners rely on that.
 * @param after undefined: it is forgotten
 */
export function happeningsOf(before: Stored, after: Stored | undefined, subject: Subject): readonly StateHappening[] {
  if (after === undefined && isOver(before)) return [];
  const steps = stepsOf(before.state, after?.state ?? 'STOPPED', isUpNow(before));
  let from = before.state;
  return steps.map((state) => {
    const happening = happeningOf(state, from, after ?? before, subject);
    from = state;
    return happening;
  });
}

/** Through which states it comes there; none where it stays. */
function stepsOf(from: Name, to: Name, wasUp: boolean): readonly Name[] {
  if (from === to) return [];
  if (from === 'RUNNING' && (to === 'BACKOFF' || to === 'STARTING' || to === 'FATAL')) return ['EXITED', to];
  if (from === 'STARTING' && to === 'EXITED' && wasUp) return ['RUNNING', to];
  if (from === 'STARTING' && to === 'FATAL') return ['BACKOFF', to];
  if (from === 'STOPPING' && to !== 'STOPPED') return ['STOPPED', to];
  return [to];
}

function isUpNow(stored: Stored): boolean {
  return 'upSince' in stored && stored.upSince !== undefined;
}

function happeningOf(state: Name, from: Name, stored: Stored, { process, group, pid, expects, nowMs }: Subject): StateHappening {
  const happening: StateHappening = { is: 'state', state, from, process, group, atMs: nowMs };
  const reason = 'reason' in stored && stored.reason !== '' ? { reason: stored.reason } : {};
  switch (state) {
    case 'STARTING':
      return { ...happening, tries: stored.failures };
    case 'BACKOFF':
      return { ...happening, tries: stored.failures, ...reason };
    case 'RUNNING':
    case 'STOPPING':
    case 'STOPPED':
      return { ...happening, pid };
    case 'EXITED': {
      const end = stored.lastEnd;
      return { ...happening, expected: end !== undefined && expects(end), pid, ...(end === undefined ? {} : { exitStatus: end.status }) };
    }
    case 'FATAL':
    case 'UNKNOWN':
      return { ...happening, ...reason };
  }
}
