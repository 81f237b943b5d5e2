import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { Colour, Painter } from './colour';
import { formatUptime } from './duration';
import { dateOf, secondsSince } from './moment';
import { formatStopDate } from './timestamp';

const colours: Readonly<Record<State, Colour>> = {
  [State.RUNNING]: 'green',
  [State.STARTING]: 'yellow',
  [State.STOPPING]: 'yellow',
  [State.BACKOFF]: 'yellow',
  [State.STOPPED]: 'red',
  [State.EXITED]: 'red',
  [State.FATAL]: 'red',
  [State.UNKNOWN]: 'red',
  [State.UNRECOGNIZED]: 'red',
};

/** The narrowest that supervisorctl lays its name column out for. */
const NARROWEST_NAME = 30;

/** The colour of a state's word. */
export function colourOf({ state, paused }: Pick<Container, 'state' | 'paused'>): Colour {
  return paused ? 'yellow' : colours[state];
}

/** Whether `status` counts it as down. */
export function isDown(state: State): boolean {
  return state === State.STOPPED || state === State.EXITED || state === State.FATAL || state === State.UNKNOWN;
}

/** Whether it runs, and nothing is known to be wrong with it: where it has a health check, that says so. */
export function isWell({ state, paused, managed }: Container): boolean {
  return state === State.RUNNING && !paused && ['', 'healthy'].includes(managed?.health ?? '');
}

function describe(container: Container, nowMs: number): string {
  const { state, pid, started_at: startedAt, paused, out_of_memory: outOfMemory, reason, last_end: end, managed } = container;
  const notes = `${paused ? ', paused' : ''}${outOfMemory ? ', out of memory' : ''}`;
  switch (state) {
    case State.RUNNING: {
      const uptime = startedAt === undefined ? '' : `, uptime ${formatUptime(secondsSince(startedAt, nowMs))}`;
      const health = managed?.health === 'healthy' || managed?.health === 'unhealthy' ? `, ${managed.health}` : '';
      return `pid ${String(pid)}${uptime}${health}${notes}`;
    }
    case State.STARTING:
    case State.STOPPING:
    case State.BACKOFF:
      return reason;
    case State.FATAL:
    case State.UNKNOWN:
    case State.UNRECOGNIZED:
      return firstLine(reason);
    case State.STOPPED:
    case State.EXITED: {
      const at = dateOf(end?.ended_at);
      return at === undefined ? 'Not started' : `${formatStopDate(at)}${notes}`;
    }
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Supervisorctl's table, character for character: a line for each, without line ends. */
export function statusLines(containers: readonly Container[], nowMs: number, paint: Painter): string[] {
  const width = Math.max(NARROWEST_NAME, ...containers.map(({ name }) => name.length)) + 3;
  return containers.map((container) => {
    // Painted after padding: the escape sequences take no room on the screen.
    const state = paint(colourOf(container), State[container.state].padEnd(10));
    return `${container.name.padEnd(width)}${state}${describe(container, nowMs)}`;
  });
}
