/** Something awaited did not come in time. The message names it and, where known, what came instead. */
export class DeadlineError extends Error {
  readonly code = 'deadline';

  constructor(readonly awaited: string, ms: number, seen = '') {
    super(`waited ${String(ms)} ms for ${awaited}${seen === '' ? '' : `; ${seen}`}`);
    this.name = 'DeadlineError';
  }
}

/** How long a test waits for something that takes milliseconds on an idle machine. HOLDFAST_TEST_PATIENCE times that where processors are emulated. */
export const patienceMs = 20_000 * Number(process.env['HOLDFAST_TEST_PATIENCE'] ?? 1);

/**
 * The promise's outcome, or a {@link DeadlineError} after `ms` milliseconds. The timer goes with the
 * promise, so nothing keeps the test alive.
 *
 * @param what is named in the error: "the exit of web"
 * @param seen is asked, when it is too late, what was seen instead
 */
export async function within<T>(promise: Promise<T>, what: string, ms = patienceMs, seen: () => string = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(what, ms, seen()));
    }, ms);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
