import { exitStatus } from '../exit-status';

/** What became of one name: supervisorctl's words, which scripts match. */
export type Result =
  | 'started'
  | 'stopped'
  | 'signalled'
  | 'no such process'
  | 'already started'
  | 'not running'
  | 'spawn error'
  | 'abnormal termination';

const successes: ReadonlySet<Result> = new Set(['started', 'stopped', 'signalled']);

/** `web: started` or `web: ERROR (spawn error)`. Goes to stdout: it is the command's answer. */
export function resultLine(name: string, result: Result): string {
  return successes.has(result) ? `${name}: ${result}` : `${name}: ERROR (${result})`;
}

/** The exit status that goes with it in `start` and `stop`. */
export function resultStatus(result: Result): number {
  switch (result) {
    case 'started':
    case 'stopped':
    case 'signalled':
    case 'already started':
    case 'not running':
      return exitStatus.ok;
    case 'no such process':
      return exitStatus.failed;
    case 'spawn error':
    case 'abnormal termination':
      return exitStatus.notRunning;
  }
}
