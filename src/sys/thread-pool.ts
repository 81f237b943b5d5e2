import { access } from 'node:fs/promises';

/**
 * Makes the threads of libuv's pool. It does so by itself at their first use, and aborts the whole process where
 * it cannot have them (src/threadpool.c): better before there is anything to lose than when the processes run out.
 */
export async function makePoolThreads(): Promise<void> {
  await access('/');
}
