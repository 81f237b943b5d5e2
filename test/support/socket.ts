import { watch } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

import { DeadlineError, patienceMs } from './deadline';

/** Whether something accepts connections on the unix socket. */
export function accepts(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

/**
 * Resolves when something accepts connections on the socket, whose directory must exist. It tries after
 * each change there; a log in the same directory is a help. Between bind(2), which is such a change, and
 * listen(2) a connection is refused and no change follows: hence the timer.
 *
 * @param giveUp its rejection ends the waiting
 * @param isReady what is tried; more than accepting, where that may be a daemon's that has just been killed
 */
export async function untilAccepting(
  socketPath: string,
  giveUp?: Promise<never>,
  isReady: () => Promise<boolean> = () => accepts(socketPath),
): Promise<void> {
  const tooLate = Date.now() + patienceMs;
  let wake: () => void = () => undefined;
  let changed = new Promise<void>((now) => (wake = now));
  const watcher = watch(dirname(socketPath), () => {
    wake();
  });
  const timer = setInterval(() => {
    wake();
  }, 100);
  try {
    while (!(await isReady())) {
      if (Date.now() > tooLate) throw new DeadlineError(`${socketPath} to accept`, patienceMs);
      await (giveUp === undefined ? changed : Promise.race([changed, giveUp]));
      changed = new Promise<void>((now) => (wake = now));
    }
  } finally {
    clearInterval(timer);
    watcher.close();
  }
}
