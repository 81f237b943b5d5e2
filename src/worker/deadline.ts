import { withDeadline as withSignal } from '../sys/with-deadline';
import { WorkError, abortReason } from './errors';

/**
 * Runs `work` with a signal that is aborted at the deadline (`start-timeout`; 0: none) or
 * with the caller's own signal. The work itself ends what it has under way.
 */
export function withDeadline<T>(timeoutMs: number, callers: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return withSignal(timeoutMs, callers, work, { tooLate: () => new WorkError('start-timeout'), cancelled: () => abortReason(callers) });
}

/** Rejects with the reason of `signal` as soon as it is aborted; `work` goes on by itself. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  if (signal.aborted) throw abortReason(signal);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => { reject(abortReason(signal)); };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
