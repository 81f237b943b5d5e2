import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const directory = '/proc/thread-self/fd';
const ACCESS_MODES = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;

/** The target of an epoll. */
export const EPOLL = 'anon_inode:[eventpoll]';

/** A descriptor of this thread. */
export interface OpenDescriptor {
  readonly fd: number;
  /** A path, or what it is and its number: `pipe:[123]`, `socket:[123]`, `anon_inode:[eventfd]`. See proc_pid_fd(5). */
  readonly target: string;
}

/** Those that are open in this thread. */
export function openDescriptors(): readonly OpenDescriptor[] {
  return readdirSync(directory).map((name) => ({ fd: Number(name), target: targetOf(name) })).filter(({ target }) => target !== '');
}

/** The pipes, by their targets, of which both ends are among these. */
export function wholePipes(open: readonly OpenDescriptor[]): ReadonlySet<string> {
  const ends = new Map<string, number[]>();
  for (const { fd, target } of open) {
    if (target.startsWith('pipe:')) ends.set(target, [...ends.get(target) ?? [], accessModeOf(fd)]);
  }
  return new Set([...ends].filter(([, modes]) => new Set(modes).size > 1).map(([target]) => target));
}

/** What an epoll watches, by the numbers of inodes: those of pipes are in their targets. Several anonymous ones, such as eventfds, have one number. */
export function watchedInodes(epollFd: number): ReadonlySet<number> {
  return new Set([...infoOf(epollFd).matchAll(/^tfd:.* ino:([0-9a-f]+)/gm)].map(([, inode = '']) => Number.parseInt(inode, 16)));
}

/** Empty for one that is gone: that of the listing itself. */
function targetOf(name: string): string {
  try {
    return readlinkSync(`${directory}/${name}`);
  } catch {
    return '';
  }
}

function accessModeOf(fd: number): number {
  const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(infoOf(fd)) ?? [];
  return Number.parseInt(flags, 8) & ACCESS_MODES;
}

/** proc_pid_fdinfo(5). */
function infoOf(fd: number): string {
  return readFileSync(`/proc/thread-self/fdinfo/${String(fd)}`, 'latin1');
}
