import { constants } from 'node:os';
import { CtlError } from '../errors';
import { killedBy } from '../exit-status';
import type { Io } from '../tool';

/**
 * Starts a process; a signal meanwhile takes the start back, which the daemon undoes. Signal and start may cross:
 * where the process is there all the same, the signal is returned, and meant for it. A second signal does not
 * wait for the daemon's word.
 * @throws CtlError `interrupted` where the start was given up, or why it failed
 */
export async function startUnlessInterrupted(
  io: Io,
  start: (signal: AbortSignal) => Promise<unknown>,
  isStarted: () => Promise<boolean>,
): Promise<NodeJS.Signals | undefined> {
  const cancel = new AbortController();
  const removers: (() => void)[] = [];
  let caught: NodeJS.Signals | undefined;
  let giveUp: (value: boolean) => void = () => undefined;
  const impatient = new Promise<boolean>((resolve) => {
    giveUp = resolve;
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = (): void => {
      if (caught !== undefined) giveUp(false);
      caught = name;
      cancel.abort();
    };
    removers.push(io.onSignal(name, onSignal));
  }
  try {
    await start(cancel.signal);
  } catch (cause) {
    if (caught === undefined) throw cause;
    const there = await Promise.race([isStarted().catch(() => false), impatient]);
    if (!there) {
      const exitStatus = killedBy(constants.signals[caught]);
      throw new CtlError('interrupted', 'interrupted: the start was given up', { exitStatus, cause });
    }
  } finally {
    for (const remove of removers) remove();
  }
  return caught;
}
