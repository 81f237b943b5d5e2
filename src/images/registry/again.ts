import { setTimeout as delay } from 'node:timers/promises';
import { RegistryFailure } from './failure';

/** Failures in a row, after which nobody asks any more. */
const mostFailures = 5;
/** Less is no progress: a registry that hangs up after each byte would be asked for ever. */
const progressBytes = 64 << 10;

export interface Again {
  readonly signal: AbortSignal;
  /** After the first failure, then twice as long each time, where the server does not say how long. Milliseconds. */
  readonly firstPauseMs: number;
  /** Bytes that have come, or gone, so far: those who come on may fail more often. */
  readonly progress?: () => number;
}

/** Asks again after a failure that may be over in a moment: registries refuse who asks too much, and their proxies are restarted. */
export async function again<T>(ask: () => Promise<T>, { signal, firstPauseMs, progress = () => 0 }: Again): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = progress();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RegistryFailure) || !error.isTransient || signal.aborted) throw error;
      failures = progress() - before >= progressBytes ? 1 : failures + 1;
      if (failures >= mostFailures) throw error;
      // An end of this is not told by anything: the server is left alone for as long as it has asked for.
      await delay(error.retryAfterMs ?? firstPauseMs * 2 ** (failures - 1), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw new RegistryFailure('registry', 'it was given up', { cause: error });
    }
  }
}
