import { messageOf } from '../sys/thrown';
import type { ShimLog } from './log';

/** Whatever a mistake of ours breaks, the processes are worth more than a clean death. */
export function surviveErrors(log: ShimLog): void {
  process.on('uncaughtException', (error) => log.error('uncaught', error.stack ?? messageOf(error)));
  process.on('unhandledRejection', (error) => log.error('unhandled', error));
}
