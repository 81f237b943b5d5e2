import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const directory = '/proc/thread-self/fd';
const ACCESS_MODES = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;

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

/** The pipes, by their targets, of which both ends are among these: with the flags of each end, see open(2). */
export function wholePipes(open: readonly OpenDescriptor[]): ReadonlyMap<string, readonly number[]> {
  const ends = new Map<string, number[]>();
  for (const { fd, target } of open) {
    if (target.startsWith('pipe:')) ends.set(target, [...ends.get(target) ?? [], flagsOf(fd)]);
  }
  return new Map([...ends].filter(([, flags]) => new Set(flags.map((each) => each & ACCESS_MODES)).size > 1));
}

/** Empty for one that is gone: that of the listing itself. */
function targetOf(name: string): string {
  try {
    return readlinkSync(`${directory}/${name}`);
  } catch {
    return '';
  }
}

/** proc_pid_fdinfo(5). */
function flagsOf(fd: number): number {
  const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/thread-self/fdinfo/${String(fd)}`, 'latin1')) ?? [];
  return Number.parseInt(flags, 8);
}
