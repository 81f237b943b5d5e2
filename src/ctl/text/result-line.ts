import { Outcome } from '../../api/gen/holdfast/v1/containers';
import { exitStatus } from '../exit-status';

/** What became of one name: supervisorctl's words, which scripts match. */
export type Result =
  | 'started'
  | 'stopped'
  | 'signalled'
  | 'paused'
  | 'resumed'
  | 'updated limits'
  | 'reloaded'
  | 'starting'
  | 'removed'
  | 'cleared'
  | 'no such process'
  | 'no such group'
  | 'already started'
  | 'not running'
  | 'no such file'
  | 'file is not executable'
  | 'spawn error'
  | 'abnormal termination'
  | 'bad signal name'
  | 'still running'
  | 'failed';

const successes: ReadonlySet<Result> = new Set(['started', 'stopped', 'signalled', 'paused', 'resumed', 'updated limits', 'removed', 'cleared', 'reloaded', 'starting']);

/** `web: started` or `web: ERROR (spawn error)`. Goes to stdout: it is the command's answer. */
export function resultLine(name: string, result: Result): string {
  return successes.has(result) ? `${name}: ${result}` : `${name}: ERROR (${result})`;
}

/** Of a name that there is not: `web:*` names a group. */
export function unknownLine(name: string): string {
  const group = /^([^:]+):\*$/.exec(name)?.[1];
  return group === undefined ? resultLine(name, 'no such process') : resultLine(group, 'no such group');
}

/** The exit status that goes with it in `start`, `stop` and `restart`. */
export function resultStatus(result: Result): number {
  if (successes.has(result)) return exitStatus.ok;
  if (result === 'already started' || result === 'not running') return exitStatus.ok;
  return result === 'spawn error' || result === 'abnormal termination' ? exitStatus.notRunning : exitStatus.failed;
}

const outcomes: Readonly<Record<Outcome, Result>> = {
  [Outcome.NONE]: 'failed',
  [Outcome.STARTED]: 'started',
  [Outcome.STOPPED_NOW]: 'stopped',
  [Outcome.ALREADY_STARTED]: 'already started',
  [Outcome.NOT_RUNNING]: 'not running',
  [Outcome.NO_SUCH_PROCESS]: 'no such process',
  [Outcome.NO_SUCH_FILE]: 'no such file',
  [Outcome.NOT_EXECUTABLE]: 'file is not executable',
  [Outcome.SPAWN_ERROR]: 'spawn error',
  [Outcome.ABNORMAL_TERMINATION]: 'abnormal termination',
  [Outcome.FAILED]: 'failed',
  [Outcome.STARTING_ON]: 'starting',
  [Outcome.UNRECOGNIZED]: 'failed',
};

export function resultOf(outcome: Outcome): Result {
  return outcomes[outcome];
}
