import { clearStarting } from '../runtime/state-dir/start-mark';
import { faultPoint } from '../sys/fault';
import type { ProcessHandle } from './process-handle';
import type { WorkTools } from './tools';

const retryMs = 1000;

/**
 * A start or an exec has been told: the mark in its directory goes. One that cannot be removed takes nothing
 * back of what clients know; it is tried again, and a restart looks into the event log besides. Never throws.
 */
export function startIsTold(tools: WorkTools, handle: ProcessHandle): void {
  // Its process has ended: the directory may be another start's by now.
  if (handle.isClosed) return;
  try {
    faultPoint('daemon.start.before-clear');
    clearStarting(handle.dir);
    faultPoint('daemon.start.cleared');
  } catch (error) {
    tools.log.error({ dir: handle.dir, err: error }, 'the mark of a start cannot be removed yet');
    setTimeout(() => { startIsTold(tools, handle); }, retryMs).unref();
  }
}
