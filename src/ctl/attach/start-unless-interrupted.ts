import { constants } from 'node:os';
import { CtlError } from '../errors';
import { killedBy } from '../exit-status';
import type { SignalRelay } from './signal-relay';

/**
 * Starts a process; a signal meanwhile takes the start back, which the daemon undoes. Signal and start may cross:
 * where the process is there all the same, the signal is meant for it, and held for who takes the signals next.
 * A second signal does not wait for the daemon's word.
 * @throws CtlError `interrupted` where the start was given up, or why it failed
 */
export async function startUnlessInterrupted(
  signals: SignalRelay,
  start: (signal: AbortSignal) => Promise<unknown>,
  isStarted: () => Promise<boolean>,
): Promise<void> {
  const cancel = new AbortController();
  let caught: NodeJS.Signals | undefined;
  let giveUp: (value: boolean) => void = () => undefined;
  const impatient = new Promise<boolean>((resolve) => {
    giveUp = resolve;
  });
  signals.to((name) => {
    if (caught !== undefined) giveUp(false);
    caught = name;
    cancel.abort();
  });
  try {
    await start(cancel.signal);
  } catch (cause) {
    if (caught === undefined) throw cause;
    const there = await Promise.race([isStarted().catch(() => false), impatient]);
    if (!there) {
      const exitStatus = killedBy(constants.signals[caught]);
      throw new CtlError('interrupted', 'interrupted: the start was given up', { exitStatus, isOfProgram: true, cause });
    }
  }
  signals.hold(caught);
}
