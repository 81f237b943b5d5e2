import { readFileSync } from 'node:fs';
import { libc } from '../native';

// System call number, the same on x86-64 and arm64.
const STATMOUNT = 457;
const STATMOUNT_FS_TYPE = 0x20n;

// struct mnt_id_req and struct statmount of linux/mount.h.
const REQUEST_SIZE = 24;
const REQUEST_MOUNT = 8;
const REQUEST_MASK = 16;
const ANSWER_SIZE = 512 + 256;
const ANSWER_MASK = 8;
const ANSWER_FS_TYPE = 36;
const ANSWER_STRINGS = 512;

/** A mount by the kernel's number for it: one that is never used again (Linux 6.8), or one that may be once it is gone. */
export interface MountId {
  readonly id: bigint;
  readonly isUnique: boolean;
}

/**
 * By which mount an open file was reached, where statx(2) has not told: proc(5), since Linux 3.15. That is so before Linux 5.8, and where another program has translated its answer,
 * which says that it tells, and has 0 there (qemu-user 10): the kernel's own first mount, which no path leads to.
 */
export function mountIdByProc(fd: number): bigint {
  return BigInt(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/thread-self/fdinfo/${fd}`, 'latin1'))?.[1] ?? 0);
}

/**
 * What kind of file system is mounted there (`ext4`, `nfs4`): as the kernel has it, without asking the file
 * system anything. Undefined where it does not tell.
 */
export function fileSystemTypeOf(mount: MountId): string | undefined {
  return mount.isUnique ? typeOnce(mount.id) : typeInMountInfo(mount.id);
}

/** What the kernel has told: true for good of numbers that are never used again, and asking costs as much as opening a file does. */
const told = new Map<bigint, string>();
const MOST_TOLD = 1024;

function typeOnce(id: bigint): string | undefined {
  const type = told.get(id) ?? askKernel(id);
  if (type === undefined) return undefined;
  if (told.size >= MOST_TOLD) told.clear();
  told.set(id, type);
  return type;
}

/** statmount(2). */
function askKernel(id: bigint): string | undefined {
  const request = Buffer.alloc(REQUEST_SIZE);
  request.writeUInt32LE(REQUEST_SIZE);
  request.writeBigUInt64LE(id, REQUEST_MOUNT);
  request.writeBigUInt64LE(STATMOUNT_FS_TYPE, REQUEST_MASK);
  const answer = Buffer.alloc(ANSWER_SIZE);
  if (libc.statmount(STATMOUNT, request, answer, answer.length, 0) === -1) return undefined;
  if ((answer.readBigUInt64LE(ANSWER_MASK) & STATMOUNT_FS_TYPE) === 0n) return undefined;
  const at = ANSWER_STRINGS + answer.readUInt32LE(ANSWER_FS_TYPE);
  return answer.toString('latin1', at, answer.indexOf(0, at));
}

/** proc_pid_mountinfo(5): `<id> … - <type> …`. */
function typeInMountInfo(id: bigint): string | undefined {
  const line = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .find((one) => one.startsWith(`${id} `));
  return line === undefined ? undefined : / - ([^ ]+) /.exec(line)?.[1];
}
