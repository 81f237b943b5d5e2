import { join } from 'node:path';
import { type StateDir, USUAL_STATE_DIR } from '../runtime/state-dir/layout';

const usualRuntimeRoot = '/run/containerd/runc';

/** Where runtimes keep their own state for clients that name no root, a directory for each namespace: beside the socket of a containerd at its usual place. */
export function runtimeRootOf(stateDir: StateDir): string {
  return stateDir.root === USUAL_STATE_DIR ? usualRuntimeRoot : join(stateDir.companion, 'runc');
}
