import { closeSync, constants as fsConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from './errors';
import { libc } from './native';

const TIOCSWINSZ = 0x5414;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;
const LARGEST = 0xffff;

/**
 * Sets the size of a terminal (either side of a pty), in characters: ioctl_tty(2). Its foreground
 * process group gets SIGWINCH if that changes it.
 * @throws SysError EINVAL for a size that does not fit into 16 bits, ENOTTY
 */
export function setWindowSize(fd: number, columns: number, rows: number): void {
  if (columns > LARGEST || rows > LARGEST) throw new SysError(constants.errno.EINVAL, 'ioctl TIOCSWINSZ');
  const size = Buffer.alloc(8); // rows, columns, and two sizes in pixels that nobody sets
  size.writeUInt16LE(rows);
  size.writeUInt16LE(columns, 2);
  check(libc.ioctl(fd, TIOCSWINSZ, size), 'ioctl TIOCSWINSZ');
}

/** A new terminal. */
export interface Terminal {
  /** Its master, non-blocking. The caller closes it. */
  readonly masterFd: number;
  /** Of the side that programs have. */
  readonly slavePath: string;
}

/** pty(7), ioctl_tty(2). @throws the system's error */
export function openTerminal(): Terminal {
  const masterFd = openSync('/dev/ptmx', fsConstants.O_RDWR | fsConstants.O_NOCTTY | fsConstants.O_NONBLOCK);
  try {
    const number = Buffer.alloc(4);
    check(libc.ioctl(masterFd, TIOCSPTLCK, number), 'ioctl TIOCSPTLCK');
    check(libc.ioctl(masterFd, TIOCGPTN, number), 'ioctl TIOCGPTN');
    return { masterFd, slavePath: `/dev/pts/${number.readUInt32LE()}` };
  } catch (error) {
    closeSync(masterFd);
    throw error;
  }
}
