import { messageOf } from '../../sys/thrown';
import { endOldChecks } from '../health/exec-check';
import type { Clocks } from '../machine/clocks';
import type { ProgramEvent } from '../machine/event';
import { restoreEvent } from '../machine/restore';
import { type Stored, newlyDefined } from '../machine/state';
import { parseStored } from '../machine/stored-text';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';
import { findRun, hearAgain, openSockets, takeSockets } from './run';

/** What a daemon of before has written down. What cannot be read says nothing: nothing is started until somebody asks for it, and no number of a start comes again. */
export function readStored(text: string, now: Clocks, onUnreadable: (error: unknown) => void): Stored {
  try {
    return parseStored(text);
  } catch (error) {
    onUnreadable(error);
    return { ...newlyDefined(now), generation: Math.floor(now.wallMs / 1000), state: 'UNKNOWN', reason: messageOf(error) };
  }
}

/** What the state machine is told first, by what there is of the program. @param isNew nothing was written down of it @param onLost an event listener has to be another run */
export async function eventAtStart(parts: EngineParts, definition: ManagedDefinition, stored: Stored, isNew: boolean, onLost: () => void): Promise<ProgramEvent | undefined> {
  const { name, process, policy } = definition;
  if (stored.since.bootId !== parts.now().bootId) return { kind: 'boot' };
  if (process.health?.check.is === 'exec') await endOldChecks(parts.programs, name);
  if (!isNew) await hearAgain(parts, definition);
  const found = await findRun(parts, name, stored.generation);
  const warn = (error: unknown): void => { parts.programs.log.warn({ program: name, err: error }, 'the sockets of a program cannot be held'); };
  if (found.is === 'alive') await takeSockets(parts, definition).catch(warn);
  // Whoever connects waits for its next start. Nobody has held them where daemon and shim were killed at once.
  else if (stored.state === 'BACKOFF') await openSockets(parts, definition).catch(warn);
  if (process.listener !== undefined && found.is === 'alive') parts.listeners.goOn(process, stored.generation, onLost);
  // Of one that nobody could read, or find, only what there is is certain.
  if (stored.state === 'UNKNOWN' && found.is === 'nothing') return undefined;
  const event = restoreEvent(stored, found, parts.now());
  return event === undefined && isNew && policy.autostart && policy.schedule === undefined ? { kind: 'start' } : event;
}
