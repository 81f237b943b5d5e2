import type { Colour, Painter } from './colour';
import { formatUptime } from './duration';
import { formatStopDate } from './timestamp';

/**
 * Supervisorctl's words for a container's state. The API says `running`, `paused` and `stopped`;
 * EXITED is a container that the daemon has forgotten, all but its exit event.
 */
export type ShownState = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'EXITED' | 'UNKNOWN';

export interface StatusRow {
  readonly name: string;
  readonly state: ShownState;
  /** The init process's number on this host; 0 where there is none. */
  readonly pid: number;
  /** Undefined where the process is not to be seen from here (another pid namespace). */
  readonly uptimeSeconds: number | undefined;
  readonly exitedAt: Date | undefined;
  readonly exitStatus: number | undefined;
}

const colours: Readonly<Record<ShownState, Colour>> = {
  RUNNING: 'green',
  PAUSED: 'yellow',
  STOPPED: 'red',
  EXITED: 'red',
  UNKNOWN: 'red',
};

/** The narrowest that supervisorctl lays its name column out for. */
const NARROWEST_NAME = 30;

/** Whether `status` counts it as running: a paused container has its processes, it is not down. */
export function isUp(state: ShownState): boolean {
  return state === 'RUNNING' || state === 'PAUSED';
}

function describe(row: StatusRow): string {
  if (isUp(row.state)) {
    return row.uptimeSeconds === undefined ? `pid ${row.pid}` : `pid ${row.pid}, uptime ${formatUptime(row.uptimeSeconds)}`;
  }
  return row.exitedAt === undefined ? 'Not started' : formatStopDate(row.exitedAt);
}

/** Supervisorctl's table, character for character: a line for each row, without line ends. */
export function statusLines(rows: readonly StatusRow[], paint: Painter): string[] {
  const width = Math.max(NARROWEST_NAME, ...rows.map((row) => row.name.length)) + 3;
  return rows.map((row) => {
    // Painted after padding: the escape sequences take no room on the screen.
    const state = paint(colours[row.state], row.state.padEnd(10));
    return `${row.name.padEnd(width)}${state}${describe(row)}`;
  });
}
