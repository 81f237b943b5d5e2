import type { Column } from './event';
import type { RuleName } from './rules';
import type { State } from './state';

/** The state machine of a program, whole: what each event does in each state. The rules say how. `-`: nothing. */
export const table = {
  STOPPED: {
    'start': 'begin', 'stop': 'want-down', 'restart': 'begin',
    'up': 'adopt', 'passed': '-', 'ended-expectedly': '-', 'ended-unexpectedly': '-', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': '-', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'begin-as-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  STARTING: {
    'start': 'want-up', 'stop': 'stop', 'restart': 'stop-and-start',
    'up': 'take-up', 'passed': 'run', 'ended-expectedly': 'end-quickly-as-expected', 'ended-unexpectedly': 'end-quickly', 'start-failed': 'fail-to-start',
    'dependencies-met': 'start-now', 'signalled': '-', 'timer': 'miss-dependency', 'checked': 'note-check', 'unhealthy': 'stop-and-back-off',
    'scheduled': 'await-schedule', 'due': 'pass-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'stop-and-remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  RUNNING: {
    'start': 'want-up', 'stop': 'stop', 'restart': 'stop-and-start',
    'up': '-', 'passed': '-', 'ended-expectedly': 'end-as-expected', 'ended-unexpectedly': 'end-unexpectedly', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': '-', 'checked': 'note-check', 'unhealthy': 'stop-and-back-off',
    'scheduled': 'await-schedule', 'due': 'pass-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'stop-and-remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  BACKOFF: {
    'start': 'begin', 'stop': 'give-up-waiting', 'restart': 'begin',
    'up': 'adopt', 'passed': '-', 'ended-expectedly': '-', 'ended-unexpectedly': '-', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': 'begin', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'pass-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  STOPPING: {
    'start': 'start-after', 'stop': 'stop-after', 'restart': 'start-after',
    'up': 'signal-first', 'passed': '-', 'ended-expectedly': 'finish-stop', 'ended-unexpectedly': 'finish-stop', 'start-failed': 'finish-stop',
    'dependencies-met': '-', 'signalled': 'await-end', 'timer': 'signal-next', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'pass-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'remove-after', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  EXITED: {
    'start': 'begin-afresh', 'stop': 'want-down', 'restart': 'begin-afresh',
    'up': 'adopt', 'passed': '-', 'ended-expectedly': '-', 'ended-unexpectedly': '-', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': '-', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'begin-as-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  FATAL: {
    'start': 'begin-afresh', 'stop': 'want-down', 'restart': 'begin-afresh',
    'up': 'adopt', 'passed': '-', 'ended-expectedly': '-', 'ended-unexpectedly': '-', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': '-', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'begin-as-due', 'missed': 'drop-missed', 'fatal-told': 'note-told', 'gone': 'remove', 'boot': 'begin-at-boot', 'lost': 'lose',
  },
  UNKNOWN: {
    'start': 'begin-afresh', 'stop': 'give-up-waiting', 'restart': 'begin-afresh',
    'up': 'adopt', 'passed': '-', 'ended-expectedly': 'end-as-expected', 'ended-unexpectedly': 'end-unexpectedly', 'start-failed': '-',
    'dependencies-met': '-', 'signalled': '-', 'timer': '-', 'checked': '-', 'unhealthy': '-',
    'scheduled': 'await-schedule', 'due': 'pass-due', 'missed': 'drop-missed', 'fatal-told': '-', 'gone': 'remove', 'boot': 'begin-at-boot', 'lost': '-',
  },
} as const satisfies Record<State, Record<Column, RuleName>>;
