import type { ShimResults } from '../../runtime/shim-protocol';
import { fileOf } from '../../runtime/unread-output';
import type { Shim } from '../shim';
import { holdableOf } from './take';

/** The processes that this shim has, from the moment that their pids are known until their exits are told; and what it keeps of ended ones for a late reader. */
export function list(shim: Shim): ShimResults['list'] {
  const processes = [...shim.table].flatMap((entry) =>
    entry.systemPid === undefined ? [] : [{ dir: entry.identity.dir, pid: entry.systemPid, ...holdableOf(entry) }],
  );
  return { processes, unread: shim.lingering.unreadFds.map((fd) => ({ fd, file: fileOf(fd) })) };
}
