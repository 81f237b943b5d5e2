import { setTimeout as delay } from 'node:timers/promises';
import { unreadAside } from '../../sys/files/aside';
import { within } from '../../sys/within';
import { waitsForReader } from '../../runtime/unread-output';

/** What nobody takes anything of for so long is left to late readers: whoever reads is given a processor within this time, and the end of what nobody reads is hardly late. */
const STALL_MS = 300;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 32;

/**
 * Resolves when all that waits for readers has been read, or nobody has read any of it for a moment. Clients of the containerd API stop reading once
 * they hear of the end: Debian's ctr closes its FIFOs then, with what is left in them (io.Cancel before Delete). The kernel has no event
 * for "read empty" (see LateReaders), hence a look at growing intervals. A writer that is left does not put it off: only less
 * than ever before is progress.
 * @param look how many bytes are unread
 * @param stallMs in pauses of this program's own, so that a machine that stands still is not taken for a reader that does
 */
export async function untilRead(look: () => number | Promise<number>, stallMs = STALL_MS): Promise<void> {
  let least = await look();
  let waitedMs = 0;
  let pauseMs = FIRST_PAUSE_MS;
  while (least > 0 && waitedMs < stallMs) {
    await delay(pauseMs);
    waitedMs += pauseMs;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    const unread = await look();
    if (unread >= least) continue;
    least = unread;
    waitedMs = 0;
    pauseMs = FIRST_PAUSE_MS;
  }
}

/** How much of these FIFOs waits for readers, in bytes; where that is not told in time, as a process that is left has the lock of one: nothing that could be waited for. */
export async function unreadOf(fifoFds: readonly number[]): Promise<number> {
  const waiting = fifoFds.filter(waitsForReader);
  if (waiting.length === 0) return 0;
  const all = Promise.all(waiting.map(unreadAside));
  return (await within(STALL_MS, all, [])).reduce((sum, unread) => sum + unread, 0);
}
