import type { ShimResults } from '../../runtime/shim-protocol';
import type { Shim } from '../shim';

/** Resolves when the stdin of that process, closed before this is asked, has come to its end. At once where it has none, or is over. */
export async function untilInputEnds(shim: Shim, dir: string): Promise<ShimResults['untilInputEnds']> {
  await shim.table.get(dir)?.io?.untilInputEnds();
  return {};
}
