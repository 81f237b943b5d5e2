import { type Container, type Dependency, State } from '../../api/gen/holdfast/v1/containers';
import { formatSize } from '../../runtime/text/size';
import { formatUptime } from './duration';
import { endWords, ranWords } from './event-line';
import { clockOf, secondsSince } from './moment';
import { millisecondsOf } from './timestamp';

/** How it is, and since when. */
export function headline(container: Container, nowMs: number): string {
  const { state, reason, last_end: end, started_at: startedAt, wish, pid, managed } = container;
  const byHand = wish?.by === undefined ? '' : ` by uid ${String(wish.by.uid)}`;
  switch (state) {
    case State.RUNNING:
      return `pid ${String(pid)}${startedAt === undefined ? '' : `, for ${formatUptime(secondsSince(startedAt, nowMs))}`}`;
    case State.STOPPED:
      return end === undefined ? 'it was never started' : `it was stopped${byHand}`;
    case State.EXITED:
      return end === undefined ? 'it ended' : `it ended by itself: ${endPhrase(end)}`;
    case State.BACKOFF:
      return backoffWords(reason, managed?.failures ?? 0);
    case State.STARTING:
    case State.STOPPING:
    case State.FATAL:
    case State.UNKNOWN:
    case State.UNRECOGNIZED:
      return reason === '' ? State[state].toLowerCase() : (reason.split('\n', 1)[0] ?? '');
  }
}

/** `exited too quickly, 14 times in a row`: how it ended, and when it starts again, is told below. */
function backoffWords(reason: string, failures: number): string {
  const [why = ''] = reason.replace(/, next start in (\d+ days?, )?[\d:]+$/, '').split('\n', 1);
  const words = why.replace(/^Exited (too quickly|unexpectedly) \(.*\)$/, 'exited $1');
  return `${words}${failures > 1 ? `, ${String(failures)} times in a row` : ''}`;
}

export function endPhrase({ exit_status: status, out_of_memory: outOfMemory, unknown, reason, ran_ns: ranNs }: NonNullable<Container['last_end']>): string {
  if (unknown) return `nobody saw how (${reason})`;
  return `${endWords(status)}${ranWords(ranNs)}${outOfMemory ? ', out of memory' : ''}`;
}

export function wishText({ up, since, by }: NonNullable<Container['wish']>, managed: Container['managed']): string {
  const who = by !== undefined ? ` (uid ${String(by.uid)}, pid ${String(by.pid)})` : up && managed?.autostart === true ? ' (autostart)' : '';
  return `${up ? 'up' : 'down'}${since === undefined ? '' : `, since ${clockOf(since)}`}${who}`;
}

const conditionWords: Readonly<Record<string, string>> = { started: 'started', running: 'RUNNING', healthy: 'healthy', completed: 'completed', exited: 'over' };

/** `db to be healthy (it is starting)`, or that nothing of it is missing: `nothing (db is healthy)`. */
export function waitsText(dependencies: readonly Dependency[]): string {
  const waits = dependencies.filter(({ met }) => !met).map(({ name, condition, state }) => `${name} to be ${conditionWords[condition] ?? condition} (${state.startsWith('no ') ? `there is ${state}` : `it is ${state}`})`);
  return waits.length > 0 ? waits.join(', ') : `nothing (${dependencies.map(({ name, condition }) => `${name} is ${conditionWords[condition] ?? condition}`).join(', ')})`;
}

export function healthText(health: string, reason: string): string {
  if (reason === '' || reason.startsWith(health)) return reason === '' ? health : reason;
  return `${health}; ${reason}`;
}

export function nextStart({ next_start: at, pause_ms: pauseMs, longest_pause_ms: longestMs }: NonNullable<Container['managed']>): string {
  if (at === undefined) return '';
  const pause = pauseMs === 0n ? '' : `; the pause is ${secondsWords(pauseMs)}, at most ${secondsWords(longestMs)}`;
  return `${clockOf(at)} (in ${formatUptime(Math.max(0, (millisecondsOf(at) - Date.now()) / 1000))}${pause})`;
}

/** `32 s`, `0.5 s`. */
function secondsWords(ms: bigint): string {
  return `${String(Math.round(Number(ms) / 100) / 10)} s`;
}

export function limitsText(memory: number | undefined, pids: number | undefined, oomKills: number): string {
  const reached = memory === undefined ? '' : `, ${String(oomKills)} ${oomKills === 1 ? 'time' : 'times'} reached`;
  return `memory ${memory === undefined ? 'none' : formatSize(memory)}${reached}; pids ${pids === undefined ? 'none' : String(pids)}`;
}

/** What may be done now. */
export function next({ name, state, managed }: Container): string {
  switch (state) {
    case State.RUNNING:
      return `holdfastctl exec ${name} -- sh   or   holdfastctl stop ${name}`;
    case State.STOPPED:
    case State.EXITED:
    case State.FATAL:
      return managed === undefined || managed.of_command_line ? `holdfastctl start ${name}   or   holdfastctl rm ${name}   to forget it` : `holdfastctl start ${name}`;
    case State.BACKOFF:
      return `holdfastctl tail -f ${name} stderr   or   holdfastctl start ${name}   to start it now`;
    case State.STARTING:
    case State.STOPPING:
    case State.UNKNOWN:
    case State.UNRECOGNIZED:
      return `holdfastctl events --name ${name}`;
  }
}
