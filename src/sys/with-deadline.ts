/** With what a signal is aborted; without them, as AbortController does it. */
export interface AbortReasons {
  readonly tooLate: () => unknown;
  readonly cancelled: () => unknown;
}

/**
 * Runs `work` with a signal that is aborted after so many milliseconds (0: never), or with `cancel`. Nothing of it stays with `cancel`, which may live long:
 * what `AbortSignal.any` makes does (Node 20).
 */
export async function withDeadline<T>(timeoutMs: number, cancel: AbortSignal, work: (signal: AbortSignal) => Promise<T>, reasons?: AbortReasons): Promise<T> {
  const controller = new AbortController();
  const timer = timeoutMs === 0 ? undefined : setTimeout(() => { controller.abort(reasons?.tooLate()); }, timeoutMs);
  const onAbort = (): void => { controller.abort(reasons?.cancelled()); };
  if (cancel.aborted) onAbort();
  cancel.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onAbort);
  }
}
