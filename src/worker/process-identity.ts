import { statSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../runtime/state-dir/layout';
import { readPid, readStarttime } from '../runtime/state-dir/process-dir';

/** What identifies one start of a process, across restarts of this daemon and reuse of ids and pids. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of the process's stat file; empty where an older daemon has not written it. */
  readonly starttime: string;
  readonly startKey: string;
}

/** Reads the identity from the process's directory; `undefined` while it has no pid. */
export function readIdentity(dir: string): ProcessIdentity | undefined {
  const pid = readPid(dir);
  return pid === undefined ? undefined : identityOf(dir, pid, readStarttime(dir) ?? '');
}

/**
 * The identity of a process that is known. The start key has the time of process.json in it too,
 * since pid and start time count from the boot and may come again after the next one.
 */
export function identityOf(dir: string, pid: number, starttime: string): ProcessIdentity {
  return { pid, starttime, startKey: `${pid}:${starttime}:${processWrittenNs(dir)}` };
}

/** The time of process.json, which is written anew for each start; 0 where there is none. */
export function processWrittenNs(dir: string): bigint {
  return statSync(join(dir, files.process), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
}

/**
 * What an identity's start key is made of; the start time is empty for a process that had ended before it was read.
 * Undefined for another key (of an imported journal).
 */
export function parseStartKey(startKey: string): (ProcessIdentity & { readonly writtenNs: bigint }) | undefined {
  const [, pid, starttime, writtenNs] = /^(\d+):(\d*):(\d+)$/.exec(startKey) ?? [];
  if (pid === undefined || starttime === undefined || writtenNs === undefined) return undefined;
  return { pid: Number(pid), starttime, startKey, writtenNs: BigInt(writtenNs) };
}
