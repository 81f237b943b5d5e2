import { WorkError, abortReason } from './errors';

/**
 * Runs `work` with a signal that is aborted at the deadline (`start-timeout`; 0: none) or
 * with the caller's own signal. The work itself ends what it has under way.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  callers: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = timeoutMs === 0 ? undefined : setTimeout(() => { controller.abort(new WorkError('start-timeout')); }, timeoutMs);
  const onAbort = (): void => { controller.abort(abortReason(callers)); };
  if (callers.aborted) onAbort();
  callers.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    callers.removeEventListener('abort', onAbort);
  }
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
