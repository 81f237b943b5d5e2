import { setTimeout as delay } from 'node:timers/promises';

/** What nobody takes anything of for so long is left to late readers: whoever reads is given a processor within this time, and the end of what nobody reads is hardly late. */
const STALL_MS = 300;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 32;

/**
 * Resolves when all that waits for readers has been read, or nobody has read any of it for a moment. Clients of the containerd API stop reading once
 * they hear of the end: Debian's ctr closes its FIFOs then, with what is left in them (io.Cancel before Delete). The kernel has no event
 * for "read empty" (see LateReaders), hence a look at growing intervals. A writer that is left does not put it off: only less
 * than ever before is progress.
 * @param unreadBytes asked at each look
 * @param stallMs in pauses of this program's own, so that a machine that stands still is not taken for a reader that does
 */
export async function untilRead(unreadBytes: () => number, stallMs = STALL_MS): Promise<void> {
  let least = unreadBytes();
  let waitedMs = 0;
  let pauseMs = FIRST_PAUSE_MS;
  while (least > 0 && waitedMs < stallMs) {
    await delay(pauseMs);
    waitedMs += pauseMs;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    const unread = unreadBytes();
    if (unread >= least) continue;
    least = unread;
    waitedMs = 0;
    pauseMs = FIRST_PAUSE_MS;
  }
}
