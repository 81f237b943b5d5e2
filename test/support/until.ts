import { setTimeout as sleep } from 'node:timers/promises';

import { DeadlineError, patienceMs } from './deadline';

/** Between two looks at something that has to be asked for. */
const pauseMs = 50;

/**
 * Asks again and again until the answer is as wanted, and gives it. For what nobody tells of by an event; who asked
 * without a pause in between would take the processor from what is asked about.
 *
 * @throws DeadlineError with the last answer
 */
export async function until<T>(what: string, ask: () => T | Promise<T>, isSo: (answer: T) => boolean, deadlineMs = patienceMs): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > end) throw new DeadlineError(what, deadlineMs, `last seen: ${JSON.stringify(answer)}`);
    await sleep(pauseMs);
  }
}
