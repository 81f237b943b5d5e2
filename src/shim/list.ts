import type { ShimResults } from '../runtime/shim-protocol';
import type { Shim } from './shim';
import { terminalOf } from './take';

/** The processes that this shim has, from the moment that their pids are known until their exits are told. */
export function list(shim: Shim): ShimResults['list'] {
  const processes = [...shim.table].flatMap((entry) =>
    entry.systemPid === undefined ? [] : [{ dir: entry.identity.dir, pid: entry.systemPid, ...terminalOf(entry) }],
  );
  return { processes };
}
