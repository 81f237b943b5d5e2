import { constants } from 'node:os';
import { SysError, check } from './errors';
import { libc } from './native';

const TIOCSWINSZ = 0x5414;
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
