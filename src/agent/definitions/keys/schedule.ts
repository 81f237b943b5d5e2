import { Cron } from 'croner';
import { parseDuration } from '../../../runtime/text/duration';
import { messageOf } from '../../../sys/thrown';
import type { Schedule } from '../definition';
import type { TableReader } from '../table-reader';
import type { Read } from '../values';

/** By the clock: a cron expression, or `"every 30m"`. */
export function readSchedule(table: TableReader): Schedule | undefined {
  const timezone = table.read('timezone', readTimezone);
  const when = table.read('schedule', readWhen);
  const missed = table.oneOf('schedule_missed', ['run-once', 'skip']);
  const overlap = table.oneOf('schedule_overlap', ['skip', 'queue']);
  if (!table.has('schedule')) {
    const alone = ['timezone', 'schedule_missed', 'schedule_overlap'].find((key) => table.has(key));
    if (alone !== undefined) table.complain('contradiction', alone, `${table.name}: ${alone} without a schedule`);
  }
  return when === undefined ? undefined : { when, missed: missed ?? 'run-once', overlap: overlap ?? 'skip', timezone };
}

/** When it is due next, strictly after a time, in the rhythm of the last one; undefined: never again. All in milliseconds since 1970. */
export function nextDue({ when, timezone }: Schedule, afterMs: number, lastMs: number | undefined): number | undefined {
  if (when.is === 'every') return lastMs === undefined ? afterMs + when.everyMs : lastMs + (Math.floor(Math.max(0, afterMs - lastMs) / when.everyMs) + 1) * when.everyMs;
  return cronOf(when.expression, timezone).nextRun(new Date(afterMs))?.getTime();
}

function readWhen(value: unknown): Read<Schedule['when']> {
  if (typeof value !== 'string') return { problem: 'expected a cron expression such as "5 4 * * *", or "every 30m"' };
  const every = /^every\s+(\S+)$/.exec(value)?.[1];
  try {
    if (every === undefined) return readCron(value);
    const everyMs = parseDuration(every);
    return everyMs >= 1000 ? { value: { is: 'every', everyMs } } : { problem: 'expected a second at least' };
  } catch (error) {
    return { problem: `${JSON.stringify(value)}: ${messageOf(error)}` };
  }
}

function readCron(expression: string): Read<Schedule['when']> {
  // One that never comes is a mistake: the 31st of February.
  return cronOf(expression, undefined).nextRun() === null
    ? { problem: `${JSON.stringify(expression)} never comes` }
    : { value: { is: 'cron', expression } };
}

function cronOf(expression: string, timezone: string | undefined): Cron {
  return new Cron(expression, { paused: true, mode: '5-part', ...(timezone === undefined ? {} : { timezone }) });
}

function readTimezone(value: unknown): Read<string> {
  try {
    if (typeof value === 'string') return { value: new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value };
  } catch {
    // Not one that it knows.
  }
  return { problem: `${JSON.stringify(value)} is no time zone; expected one such as "Europe/Vienna"` };
}
