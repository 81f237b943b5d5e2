import { closeSync, constants } from 'node:fs';
import { constants as os } from 'node:os';
import { SysError } from '../errors';
import { lastErrno, libc } from '../native';

/** linux/sched.h */
const PF_EXITING = 0x4;

const { errno } = os;
const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
/** What such a line is read into: 52 numbers of at most 20 digits, and a name; there is room for more fields. */
const line = Buffer.alloc(4096);

/** A process as /proc/<pid>/stat tells it: proc(5). */
export interface ProcStat {
  readonly pid: number;
  /** The name of the program, cut to 15 bytes by the kernel. The process can set it to anything. */
  readonly comm: string;
  /** One letter: R, S, D, T, t, I, Z (zombie), X (dead). */
  readonly state: string;
  readonly parentPid: number;
  readonly processGroup: number;
  readonly session: number;
  /** PF_EXITING of the kernel's flags. */
  readonly isEnding: boolean;
  /** Field 22, in clock ticks since boot, decimal. With the pid it names a process for good. */
  readonly starttime: string;
  /** Field 52, of a zombie and told to root: how it ended, as waitpid(2) has it. Undefined where there is no such field. */
  readonly waitStatus: number | undefined;
}

/** What /proc says of a process, or undefined if there is none of that number. */
export function readProcStat(pid: number): ProcStat | undefined {
  const path = `/proc/${pid}/stat`;
  const found = readIfThere(path);
  return found === undefined ? undefined : parseProcStat(found, path);
}

/** Not by node:fs, which throws where there is none: an error with its stack takes as long as all the rest. @throws SysError */
function readIfThere(path: string): string | undefined {
  const fd = libc.openat(AT_FDCWD, path, constants.O_RDONLY | O_CLOEXEC);
  if (fd === -1) return unlessGone(path);
  try {
    const length = libc.read(fd, line, line.length);
    return length === -1 ? unlessGone(path) : line.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}

/** ESRCH: the process ended between open and read. */
function unlessGone(path: string): undefined {
  const number = lastErrno();
  if (number !== errno.ENOENT && number !== errno.ESRCH) throw new SysError(number, 'read', path);
}

/**
 * Whether the process of that number runs, and is the one that was started at `starttime`
 * (of any start time if undefined). A zombie does not run.
 */
export function isRunning(pid: number, starttime: string | undefined): boolean {
  const stat = readProcStat(pid);
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false;
  return starttime === undefined || stat.starttime === starttime;
}

/** Whether the process of that number has begun to end, which it does before it closes its descriptors (kernel/exit.c), or is gone. */
export function isEnding(pid: number): boolean {
  const stat = readProcStat(pid);
  return stat === undefined || stat.isEnding;
}

/**
 * Parses the line of /proc/<pid>/stat. The second field is the program's name in parentheses, which
 * may itself hold spaces, parentheses and line breaks: the fields are counted from the last ")".
 * @throws SysError EBADMSG if the line is none; `path` names it
 */
export function parseProcStat(line: string, path: string): ProcStat {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const [state, parentPid, processGroup, session, ...rest] = line.slice(close + 2).split(' ');
  const [flags, starttime, waitStatus] = [rest[2], rest[15], rest[45]]; // Fields 9, 22 and 52; state is field 3.
  if (open < 1 || close < open || !state || !parentPid || !processGroup || !session || !starttime) {
    throw new SysError(errno.EBADMSG, 'parse', path);
  }
  return {
    pid: Number(line.slice(0, open)),
    comm: line.slice(open + 1, close),
    state,
    parentPid: Number(parentPid),
    processGroup: Number(processGroup),
    session: Number(session),
    isEnding: (Number(flags) & PF_EXITING) !== 0,
    starttime: starttime.trim(),
    waitStatus: waitStatus === undefined ? undefined : Number(waitStatus),
  };
}
