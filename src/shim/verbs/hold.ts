import { closeSync } from 'node:fs';
import { nothingSaid } from '../../runtime/notice';
import type { ShimArguments, ShimResults } from '../../runtime/shim-protocol';
import { duplicateFdOf, openPidFd } from '../../sys/process/process';
import type { Shim } from '../shim';

/** Holds duplicates of the daemon's descriptors. @throws SysError where it has none of such a number: then all is as it was */
export function hold(shim: Shim, { name, note, holderPid, fds, hears }: ShimArguments['hold']): ShimResults['hold'] {
  const duplicates: number[] = [];
  const holderFd = openPidFd(holderPid);
  try {
    for (const fd of fds) duplicates.push(duplicateFdOf(holderFd, fd));
  } catch (error) {
    for (const fd of duplicates) closeSync(fd);
    throw error;
  } finally {
    closeSync(holderFd);
  }
  shim.held.put({ name, note, fds: duplicates, ...(hears === true ? { said: nothingSaid } : {}) });
  return {};
}
