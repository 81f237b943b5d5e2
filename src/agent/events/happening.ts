import type { NewProgramEvent } from '../../records/program-event-record';
import { Fields } from '../../runtime/fields';
import type { State } from '../machine/state';

/** What others are told of programs. */
export type Happening =
  | StateHappening
  | { readonly is: 'group'; readonly change: 'ADDED' | 'REMOVED'; readonly group: string; readonly atMs: number }
  | { readonly is: 'supervisor'; readonly state: 'RUNNING' | 'STOPPING'; readonly atMs: number }
  /** `when`: seconds since 1970, a whole number of periods. */
  | { readonly is: 'tick'; readonly periodSeconds: TickPeriod; readonly when: number; readonly atMs: number };

/** A process has come into another state. */
export interface StateHappening {
  readonly is: 'state';
  readonly state: State;
  readonly from: State;
  readonly process: string;
  readonly group: string;
  readonly atMs: number;
  /** STARTING and BACKOFF: unexpected ends before. */
  readonly tries?: number;
  /** RUNNING, STOPPING, STOPPED, EXITED; 0: nobody knows it any more. */
  readonly pid?: number;
  /** EXITED: by its definition. */
  readonly expected?: boolean;
  /** EXITED: 0 to 255. */
  readonly exitStatus?: number;
  /** BACKOFF, FATAL, UNKNOWN: why. */
  readonly reason?: string;
}

export const tickPeriods = [5, 60, 3600] as const;
export type TickPeriod = (typeof tickPeriods)[number];

/** supervisord's name of it: http://supervisord.org/events.html#event-types */
export function typeOf(happening: Happening): string {
  switch (happening.is) {
    case 'state':
      return `PROCESS_STATE_${happening.state}`;
    case 'group':
      return `PROCESS_GROUP_${happening.change}`;
    case 'supervisor':
      return `SUPERVISOR_STATE_CHANGE_${happening.state}`;
    case 'tick':
      return `TICK_${String(happening.periodSeconds)}`;
  }
}

/** Whether a definition's `events` name it: by its own name, or by one of those that stand for several. */
export function isAmong(type: string, events: readonly string[]): boolean {
  return events.some((event) => event === 'EVENT' || type === event || type.startsWith(`${event}_`));
}

/** What an event listener is sent of it, byte for byte as supervisord has it. */
export function payloadOf(happening: Happening): string {
  switch (happening.is) {
    case 'state': {
      const { process, group, from, tries, pid, expected } = happening;
      const more = { tries, expected: expected === undefined ? undefined : Number(expected), pid };
      const pairs = Object.entries({ processname: process, groupname: group, from_state: from, ...more }).filter(([, value]) => value !== undefined);
      return pairs.map(([name, value]) => `${name}:${String(value)}`).join(' ');
    }
    case 'group':
      return `groupname:${happening.group}\n`;
    case 'supervisor':
      return '';
    case 'tick':
      return `when:${String(happening.when)}`;
  }
}

/** What a webhook is sent of it, beside its id and its name. */
export function membersOf(happening: Happening): Readonly<Record<string, unknown>> {
  const time = new Date(happening.atMs).toISOString();
  switch (happening.is) {
    case 'state': {
      const { process, group, state, from, tries, pid, expected, exitStatus, reason } = happening;
      return { time, process, group, state, from_state: from, tries, pid, expected, exit_status: exitStatus, reason };
    }
    case 'group':
      return { time, group: happening.group };
    case 'supervisor':
      return { time };
    case 'tick':
      return { time, when: happening.when };
  }
}

/** As it is written down: of ticks the newest alone is. */
export function printHappening(happening: Happening): NewProgramEvent {
  return { type: typeOf(happening), text: JSON.stringify(happening), replaces: happening.is === 'tick' };
}

/** @throws RuntimeError: what is written down is none to this version */
export function parseHappening(text: string): Happening {
  const value: unknown = JSON.parse(text);
  const fields = Fields.of(value, 'an event that is kept', 'bad-file');
  const is = fields.string('is');
  fields.integer('atMs', 0, Number.MAX_SAFE_INTEGER);
  if (!['state', 'group', 'supervisor', 'tick'].includes(is)) return fields.fail('is', 'expected a kind of event');
  // Nothing but printHappening writes it.
  return value as Happening;
}

/** Whether what is written down is an event to this version. */
export function isReadable(text: string): boolean {
  try {
    parseHappening(text);
    return true;
  } catch {
    return false;
  }
}
