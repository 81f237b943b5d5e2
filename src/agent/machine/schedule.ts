import { nextDue } from '../definitions/keys/schedule';
import type { Schedule } from '../definitions/definition';
import { type Clocks, deadlineIn, msUntil } from './clocks';
import type { Policy } from './policy';
import type { Due, Stored } from './state';

/** How long until its schedule has it started; undefined where it is not to be heeded now. */
export function msUntilDue({ due, state }: Stored, { schedule }: Policy, now: Clocks): number | undefined {
  if (due === undefined || schedule === undefined) return undefined;
  const isOver = state === 'STOPPED' || state === 'EXITED' || state === 'FATAL';
  // One that is to run after the one under way waits for that one's end.
  if (!isOver && schedule.overlap === 'queue') return undefined;
  return isByCalendar(schedule) ? Math.max(0, due.wallMs - now.wallMs) : msUntil(due, now);
}

/** The time after the last one that it had. */
export function dueAfter(last: Due | undefined, { schedule }: Policy, now: Clocks): Due | undefined {
  if (schedule === undefined) return undefined;
  const of = textOf(schedule);
  const nextMs = nextDue(schedule, now.wallMs, last?.of === of ? last.wallMs : undefined);
  return nextMs === undefined ? undefined : { ...deadlineIn(now, nextMs - now.wallMs), of };
}

/** Whether what it waits for is a time of the schedule that it has. */
export function isAsScheduled({ due }: Stored, { schedule }: Policy): boolean {
  return due?.of === (schedule && textOf(schedule));
}

/** A wall clock that is set moves times of the calendar, and no others. */
function isByCalendar({ when }: Schedule): boolean {
  return when.is === 'cron';
}

function textOf({ when, timezone }: Schedule): string {
  return when.is === 'cron' ? `${when.expression} ${timezone ?? ''}` : `every ${String(when.everyMs)}`;
}
