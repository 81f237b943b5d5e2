import { access } from 'node:fs/promises';

/** More than the four that libuv has by itself: some may hang at a FIFO (src/sys/files/aside.ts), and the others have to do for all else. */
const THREADS = 16;
const VARIABLE = 'UV_THREADPOOL_SIZE';

/**
 * Makes the threads of libuv's pool. It does so by itself at their first use, and aborts the whole process where
 * it cannot have them (src/threadpool.c): better before there is anything to lose than when the processes run out.
 */
export async function makePoolThreads(): Promise<void> {
  const asked = process.env[VARIABLE];
  process.env[VARIABLE] = asked ?? String(THREADS);
  await access('/');
  // Programs that are started have nothing of it.
  if (asked === undefined) Reflect.deleteProperty(process.env, VARIABLE);
}
