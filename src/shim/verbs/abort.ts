import type { ShimResults } from '../../runtime/shim-protocol';
import type { Shim } from '../shim';

/**
 * Undoes a start. A take under way is taken back, and its own answer is then the error `aborted`; a process
 * that was created just before is killed and ends as any other. Resolves when its exit FIFO has been let
 * go, and at once for a directory that is not known (any more).
 */
export async function abort(shim: Shim, dir: string): Promise<ShimResults['abort']> {
  const entry = shim.table.get(dir);
  if (entry === undefined) return {};
  entry.abortion.abort();
  entry.kill();
  await entry.over;
  return {};
}
