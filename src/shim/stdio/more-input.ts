import { unreadBytes } from '../../sys/files/files';
import { yieldProcessor } from '../../sys/process/scheduling';

/** While somebody writes without a pause, 20 µs are enough nearly always, and 10 seldom are (docs/performance.md). */
const PATIENCE_MS = 0.05;

/**
 * Whether a terminal's master has more to read, now or within some microseconds.
 *
 * A read of a master that has nothing, and a poll too, waits in the kernel for the worker that hands on what was
 * written (tty_buffer_flush_work, called in n_tty.c): reader, worker and writer then sleep and wake each other
 * every 4 KiB. FIONREAD only looks. Asking it until there is something moves twice as much in the same processor
 * time, which belongs to whoever else can run meanwhile.
 */
export function comesSoon(masterFd: number): boolean {
  const untilMs = performance.now() + PATIENCE_MS;
  while (unreadBytes(masterFd) === 0) {
    if (performance.now() > untilMs) return false;
    yieldProcessor();
  }
  return true;
}
