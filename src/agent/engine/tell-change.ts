import { programKey } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { tellRequest } from '../../programs/tell';
import { healthOf } from '../machine/health';
import type { Stored } from '../machine/state';

/** Tells in the event log what the core cannot know of a program: that it waits for its next start, is given up, or is well or not. What a daemon dies before is not told later, nor what the log does not take: it stands in the program's state by then. */
export function tellChange(programs: ProgramParts, name: string, before: Stored, after: Stored): void {
  const tell = (type: 'backoff' | 'fatal' | 'health', detail: Readonly<Record<string, unknown>>): void => {
    try {
      tellRequest(programs, type, programKey(name), { by: undefined }, detail);
    } catch (error) {
      programs.log.warn({ program: name, type, err: error }, 'what has become of a program cannot be told in the event log');
    }
  };
  if (after.state === 'BACKOFF' && (before.state !== 'BACKOFF' || before.generation !== after.generation)) tell('backoff', { reason: after.reason, pause_seconds: after.deadline.spanMs / 1000 });
  if (after.state === 'FATAL' && before.state !== 'FATAL') tell('fatal', { reason: after.reason });
  const [was, is] = [healthOf(before), healthOf(after)];
  if (is !== undefined && is.verdict !== 'starting' && was?.verdict !== is.verdict) tell('health', { from: was?.verdict ?? 'starting', to: is.verdict, reason: is.detail });
}
