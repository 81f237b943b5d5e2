import type { Stored } from './state';
import type { Situation } from './situation';
import { begin, beginAfresh } from './rules/begin';
import { adopt, beginAtBoot, missDependency, run, startNow, takeUp, wantUp } from './rules/starts';
import { awaitSchedule, beginAsDue, dropMissed, passDue } from './rules/schedules';
import { noteTold } from './rules/give-up';
import { noteCheck } from './rules/checks';
import { endAsExpected, endQuickly, endQuicklyAsExpected, endUnexpectedly, failToStart, lose } from './rules/ends';
import {
  awaitEnd, finishStop, giveUpWaiting, removeAfter, signalFirst, signalNext, startAfter, stop, stopAfter, stopAndBackOff, stopAndRemove, stopAndStart, wantDown,
} from './rules/stops';

/** What becomes of a program; undefined: it is forgotten. One that is given back as it was has not changed. */
export type Rule = (stored: Stored, situation: Situation) => Stored | undefined;

/** The rules by the names that the table has for them. */
export const rules = {
  '-': (stored: Stored) => stored,
  'remove': () => undefined,
  'begin': begin,
  'begin-afresh': beginAfresh,
  'begin-at-boot': beginAtBoot,
  'start-now': startNow,
  'miss-dependency': missDependency,
  'take-up': takeUp,
  'adopt': adopt,
  'run': run,
  'want-up': wantUp,
  'note-check': noteCheck,
  'note-told': noteTold,
  'await-schedule': awaitSchedule,
  'begin-as-due': beginAsDue,
  'pass-due': passDue,
  'drop-missed': dropMissed,
  'end-quickly': endQuickly,
  'end-quickly-as-expected': endQuicklyAsExpected,
  'end-as-expected': endAsExpected,
  'end-unexpectedly': endUnexpectedly,
  'fail-to-start': failToStart,
  'lose': lose,
  'stop': stop,
  'stop-and-start': stopAndStart,
  'stop-and-back-off': stopAndBackOff,
  'stop-and-remove': stopAndRemove,
  'start-after': startAfter,
  'stop-after': stopAfter,
  'remove-after': removeAfter,
  'signal-first': signalFirst,
  'await-end': awaitEnd,
  'signal-next': signalNext,
  'finish-stop': finishStop,
  'give-up-waiting': giveUpWaiting,
  'want-down': wantDown,
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;
