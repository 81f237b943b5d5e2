import type { ShimLog } from './log';

/**
 * Whatever a mistake of ours breaks, the processes are worth more than a clean death: with the shim they lose their parent, and before
 * Linux 6.15 their exit statuses. It is logged with where it was, and the shim goes on. What it broke is one request or one process;
 * a shim that answers nobody any more is replaced by the daemon.
 */
export function surviveErrors(log: ShimLog): void {
  // A promise that nobody has handled comes here too.
  process.on('uncaughtException', (error: unknown, origin) => {
    log.error(`${origin}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  });
}
