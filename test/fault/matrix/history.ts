import type { Event } from '../../../src/api/gen/legacy/api';
import { lineOf, nanosecondsOf } from '../../support/event-log-reader';

/** A process whose start a client asked for. */
export interface AskedFor {
  readonly id: string;
  readonly processId: string;
  /** The statuses that its end may be told with. */
  readonly statuses: readonly number[];
}

/**
 * What is wrong with a history in which everything has ended, in words: each start has one exit with its true
 * status, in the contract's order, and nothing else is in it.
 *
 * @param succeeded the starts that a client saw succeed: these must be in it
 * @param maybe the starts that were cut off: those which are in it have an exit
 */
export function complaintsOf(history: readonly Event[], succeeded: readonly AskedFor[], maybe: readonly AskedFor[] = []): string[] {
  const complaints = history.flatMap((event, at) => {
    const before = history[at - 1];
    return before !== undefined && nanosecondsOf(before) >= nanosecondsOf(event) ? [`${event.id} ${lineOf(event)}: not newer than what is before it`] : [];
  });
  const asked = new Map([...maybe, ...succeeded].map((one) => [`${one.id} ${one.processId}`, one]));
  for (const id of new Set(history.map((event) => event.id))) {
    const lines = history.filter((event) => event.id === id && ['start-container', 'start-process', 'exit'].includes(event.type));
    complaints.push(...complaintsOfOne(id, lines, asked));
  }
  for (const { id, processId } of succeeded) {
    const isThere = history.some((event) => event.id === id && event.type.startsWith('start') && (event.pid || 'init') === processId);
    if (!isThere) complaints.push(`${id}: the start of ${processId} succeeded, and is not told`);
  }
  return complaints;
}

function complaintsOfOne(id: string, events: readonly Event[], asked: ReadonlyMap<string, AskedFor>): string[] {
  const told = events.map(lineOf).join(', ');
  const runs = new Set<string>();
  const over = new Set<string>();
  const complaints: string[] = [];
  for (const event of events) {
    const processId = event.pid || 'init';
    const request = asked.get(`${id} ${processId}`);
    if (request === undefined) complaints.push('nobody asked for this process');
    if (over.has('init')) complaints.push('something is told after the end of init');
    if (event.type === 'exit') {
      if (!runs.delete(processId) || over.has(processId)) complaints.push(`an exit of ${processId} without its start, or a second one`);
      if (processId === 'init' && runs.size > 0) complaints.push('init ends before its execs');
      if (request?.statuses.includes(event.status) === false) complaints.push(`not ${request.statuses.join(' or ')}, the status of ${processId}`);
      over.add(processId);
    } else {
      if (runs.has(processId) || over.has(processId)) complaints.push(`a second start of ${processId}`);
      if (processId !== 'init' && !runs.has('init')) complaints.push(`${processId} starts without init`);
      runs.add(processId);
    }
  }
  for (const processId of runs) complaints.push(`the exit of ${processId} is not told`);
  return complaints.map((complaint) => `${id}: ${complaint} (${told})`);
}
