// The C library as this program uses it: every foreign function is declared here and nowhere else.
//
// The functions return what C returns. A caller that gets a failure passes the result to `check`
// in errors.ts at once, before any other call can overwrite the C library's errno.
import type Koffi from 'koffi';

/** Memory that a C function reads or writes: a Buffer stands for its address. `null` is NULL. */
export type Memory = Uint8Array | null;

const koffi = binding();

// The program itself has the C library loaded already: no file name to guess.
const program = koffi.load(null);

/** A function that is called on one of libuv's pool threads: 32 µs more, and this thread goes on meanwhile. */
export type Aside<F extends (...args: never[]) => unknown> = F & {
  async(...args: [...Parameters<F>, (error: Error | null, result: ReturnType<F>) => void]): void;
};

function declare<F extends (...args: never[]) => unknown>(name: string, result: string, parameters: string[]): F {
  return program.func(name, result, parameters) as unknown as F;
}

/** Undefined where the C library has no such function. */
function declareIfThere<F extends (...args: never[]) => unknown>(name: string, result: string, parameters: string[]): F | undefined {
  try {
    return declare<F>(name, result, parameters);
  } catch {
    return undefined;
  }
}

// koffi has neither ssize_t nor pid_t nor mode_t: long, int and uint32_t are the same on every 64-bit Linux.
// ioctl, fcntl, prctl and syscall are variadic in C; a fixed list of integers and pointers is passed
// the same way on x86-64 and on arm64 Linux.
export const libc = {
  strerror: declare<(errno: number) => string>('strerror', 'str', ['int']),

  read: declare<(fd: number, into: Memory, count: number) => number>('read', 'long', ['int', 'void *', 'size_t']),
  write: declare<(fd: number, from: Memory, count: number) => number>('write', 'long', ['int', 'void *', 'size_t']),
  tee: declare<Aside<(fromFd: number, toFd: number, count: number, flags: number) => number>>('tee', 'long', ['int', 'int', 'size_t', 'uint']),
  splice: declare<Aside<(fromFd: number, fromOffset: Memory, toFd: number, toOffset: Memory, count: number, flags: number) => number>>(
    'splice',
    'long',
    ['int', 'void *', 'int', 'void *', 'size_t', 'uint'],
  ),
  pipe: declare<(fds: Memory, flags: number) => number>('pipe2', 'int', ['void *', 'int']),
  fcntl: declare<Aside<(fd: number, command: number, argument: number) => number>>('fcntl', 'int', ['int', 'int', 'long']),
  poll: declare<(fds: Memory, count: number, timeoutMs: number) => number>('poll', 'int', ['void *', 'ulong', 'int']),
  ioctl: declare<Aside<(fd: number, request: number, argument: Memory) => number>>('ioctl', 'int', ['int', 'ulong', 'void *']),
  flock: declare<(fd: number, operation: number) => number>('flock', 'int', ['int', 'int']),
  mkfifo: declare<(path: string, mode: number) => number>('mkfifo', 'int', ['str', 'uint32_t']),
  /** Variadic in C, like fcntl; without O_CREAT there is no mode. */
  openat: declare<(directoryFd: number, name: string, flags: number) => number>('openat', 'int', ['int', 'str', 'int']),
  /** glibc has it from 2.28 on. */
  renameat2: declare<(oldFd: number, oldPath: string, newFd: number, newPath: string, flags: number) => number>(
    'renameat2',
    'int',
    ['int', 'str', 'int', 'str', 'uint'],
  ),
  unlinkat: declare<(directoryFd: number, name: string, flags: number) => number>('unlinkat', 'int', ['int', 'str', 'int']),

  // Names in a directory, of any bytes: each ends with a zero.
  openName: declare<(directoryFd: number, name: Memory, flags: number, mode: number) => number>('openat', 'int', ['int', 'void *', 'int', 'uint32_t']),
  mkdirName: declare<(directoryFd: number, name: Memory, mode: number) => number>('mkdirat', 'int', ['int', 'void *', 'uint32_t']),
  /** glibc 2.33; mknod(2) has been there for ever, but under another name in older ones. `device` as makedev(3) makes it. */
  mknodName: declare<(directoryFd: number, name: Memory, mode: number, device: number) => number>('mknodat', 'int', ['int', 'void *', 'uint32_t', 'uint64_t']),
  symlinkName: declare<(target: Memory, directoryFd: number, name: Memory) => number>('symlinkat', 'int', ['void *', 'int', 'void *']),
  linkName: declare<(oldFd: number, oldName: Memory, newFd: number, newName: Memory, flags: number) => number>('linkat', 'int', ['int', 'void *', 'int', 'void *', 'int']),
  unlinkName: declare<(directoryFd: number, name: Memory, flags: number) => number>('unlinkat', 'int', ['int', 'void *', 'int']),
  readLinkName: declare<(directoryFd: number, name: Memory, into: Memory, size: number) => number>('readlinkat', 'long', ['int', 'void *', 'void *', 'size_t']),
  chownName: declare<(directoryFd: number, name: Memory, uid: number, gid: number, flags: number) => number>('fchownat', 'int', ['int', 'void *', 'uint32_t', 'uint32_t', 'int']),
  chmodPath: declare<(path: Memory, mode: number) => number>('chmod', 'int', ['void *', 'uint32_t']),
  setTimesOfOpen: declare<(fd: number, times: Memory) => number>('futimens', 'int', ['int', 'void *']),
  setTimesOfName: declare<(directoryFd: number, name: Memory, times: Memory, flags: number) => number>('utimensat', 'int', ['int', 'void *', 'void *', 'int']),
  setAttribute: declare<(path: Memory, name: Memory, value: Memory, size: number, flags: number) => number>('lsetxattr', 'int', ['void *', 'void *', 'void *', 'size_t', 'int']),
  getAttribute: declare<(path: Memory, name: Memory, into: Memory, size: number) => number>('lgetxattr', 'long', ['void *', 'void *', 'void *', 'size_t']),
  listAttributes: declare<(path: Memory, into: Memory, size: number) => number>('llistxattr', 'long', ['void *', 'void *', 'size_t']),
  statxName: declare<(dirFd: number, name: Memory, flags: number, mask: number, into: Memory) => number>('statx', 'int', ['int', 'void *', 'int', 'uint32_t', 'void *']),
  syncfs: declare<(fd: number) => number>('syncfs', 'int', ['int']),

  eventfd: declare<(initial: number, flags: number) => number>('eventfd', 'int', ['uint32_t', 'int']),
  memfdCreate: declare<(name: string, flags: number) => number>('memfd_create', 'int', ['str', 'uint32_t']),

  /** The address, or MAP_FAILED, which is -1. A number: user space has addresses below 2^47, unless it asks for higher ones. */
  mmap: declare<(address: number, length: number, protection: number, flags: number, fd: number, offset: number) => number>(
    'mmap',
    'long',
    ['ulong', 'size_t', 'int', 'int', 'int', 'long'],
  ),
  munmap: declare<(address: number, length: number) => number>('munmap', 'int', ['ulong', 'size_t']),
  /** glibc 2.8 for all arenas; musl has none. */
  mallocTrim: declareIfThere<(pad: number) => number>('malloc_trim', 'int', ['size_t']),
  mallopt: declareIfThere<(option: number, value: number) => number>('mallopt', 'int', ['int', 'int']),
  madvise: declare<Aside<(address: number, length: number, advice: number) => number>>('madvise', 'int', ['ulong', 'size_t', 'int']),

  epollCreate: declare<(flags: number) => number>('epoll_create1', 'int', ['int']),
  epollControl: declare<(epollFd: number, operation: number, fd: number, event: Memory) => number>('epoll_ctl', 'int', [
    'int',
    'int',
    'int',
    'void *',
  ]),
  epollWait: declare<(epollFd: number, events: Memory, maxEvents: number, timeoutMs: number) => number>(
    'epoll_wait',
    'int',
    ['int', 'void *', 'int', 'int'],
  ),

  /** Returns only where it fails. */
  execve: declare<(file: string, argv: readonly (string | null)[], env: readonly (string | null)[]) => number>('execve', 'int', [
    'str',
    'const char **',
    'const char **',
  ]),
  unshare: declare<(flags: number) => number>('unshare', 'int', ['int']),
  dup3: declare<(oldFd: number, newFd: number, flags: number) => number>('dup3', 'int', ['int', 'int', 'int']),
  /** Of the calling thread. Returns the error's number. */
  pthreadSigmask: declare<(how: number, set: Memory, before: Memory) => number>('pthread_sigmask', 'int', ['int', 'void *', 'void *']),
  kill: declare<(pid: number, signal: number) => number>('kill', 'int', ['int', 'int']),
  waitpid: declare<(pid: number, status: Memory, options: number) => number>('waitpid', 'int', ['int', 'void *', 'int']),
  /** Ends the process at once: no handler of exit(3), no wait for threads. */
  exitNow: declare<(status: number) => void>('_exit', 'void', ['int']),
  prctl: declare<(option: number, a: number, b: number, c: number, d: number) => number>('prctl', 'int', [
    'int',
    'ulong',
    'ulong',
    'ulong',
    'ulong',
  ]),
  getrlimit: declare<(resource: number, limit: Memory) => number>('getrlimit', 'int', ['int', 'void *']),
  setrlimit: declare<(resource: number, limit: Memory) => number>('setrlimit', 'int', ['int', 'void *']),
  clockGettime: declare<(clock: number, into: Memory) => number>('clock_gettime', 'int', ['int', 'void *']),
  schedYield: declare<() => number>('sched_yield', 'int', []),
  schedSetscheduler: declare<(pid: number, policy: number, param: Memory) => number>('sched_setscheduler', 'int', [
    'int',
    'int',
    'void *',
  ]),
  /** For the calls that have no wrapper in every C library of today (the pidfd family). */
  syscall: declare<(number: number, a: number, b: number, c: number, d: number) => number>('syscall', 'long', [
    'long',
    'long',
    'long',
    'long',
    'long',
  ]),

  /** openat2(2), which no C library has a wrapper for. `number` is the system call's. */
  openat2: declare<(number: number, dirFd: number, path: string, how: Memory, size: number) => number>('syscall', 'long', [
    'long',
    'int',
    'str',
    'void *',
    'size_t',
  ]),
  /** The same for a path of any bytes, which ends with a zero. */
  openat2Bytes: declare<(number: number, dirFd: number, path: Memory, how: Memory, size: number) => number>('syscall', 'long', [
    'long',
    'int',
    'void *',
    'void *',
    'size_t',
  ]),
  /** statmount(2), likewise. */
  statmount: declare<(number: number, request: Memory, into: Memory, size: number, flags: number) => number>('syscall', 'long', [
    'long',
    'void *',
    'void *',
    'size_t',
    'uint32_t',
  ]),
  /** preadv2(2) by its number: the position in two parts. */
  preadv2: declare<(number: number, fd: number, vectors: Memory, count: number, low: number, high: number, flags: number) => number>(
    'syscall',
    'long',
    ['long', 'int', 'void *', 'int', 'long', 'long', 'int'],
  ),
  /** glibc 2.28, musl 1.1.24. */
  statx: declare<(dirFd: number, path: string, flags: number, mask: number, into: Memory) => number>('statx', 'int', [
    'int',
    'str',
    'int',
    'uint32_t',
    'void *',
  ]),
  mount: declare<(source: string, target: string, type: string, flags: number, data: string | null) => number>('mount', 'int', [
    'str',
    'str',
    'str',
    'ulong',
    'str',
  ]),
  unmount: declare<(target: string, flags: number) => number>('umount2', 'int', ['str', 'int']),

  socket: declare<(domain: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']),
  socketPair: declare<(domain: number, type: number, protocol: number, fds: Memory) => number>('socketpair', 'int', [
    'int',
    'int',
    'int',
    'void *',
  ]),
  sendto: declare<(fd: number, message: Memory, length: number, flags: number, address: Memory, addressLength: number) => number>('sendto', 'long', [
    'int',
    'void *',
    'size_t',
    'int',
    'void *',
    'uint32_t',
  ]),
  bind: declare<(fd: number, address: Memory, length: number) => number>('bind', 'int', ['int', 'void *', 'uint32_t']),
  listen: declare<(fd: number, backlog: number) => number>('listen', 'int', ['int', 'int']),
  accept: declare<(fd: number, address: Memory, length: Memory, flags: number) => number>('accept4', 'int', [
    'int',
    'void *',
    'void *',
    'int',
  ]),
  connect: declare<(fd: number, address: Memory, length: number) => number>('connect', 'int', ['int', 'void *', 'uint32_t']),
  getsockname: declare<(fd: number, address: Memory, length: Memory) => number>('getsockname', 'int', ['int', 'void *', 'void *']),
  setsockopt: declare<(fd: number, level: number, name: number, value: Memory, length: number) => number>(
    'setsockopt',
    'int',
    ['int', 'int', 'int', 'void *', 'uint32_t'],
  ),
  getsockopt: declare<(fd: number, level: number, name: number, value: Memory, length: Memory) => number>(
    'getsockopt',
    'int',
    ['int', 'int', 'int', 'void *', 'void *'],
  ),
  sendmsg: declare<(fd: number, message: Memory, flags: number) => number>('sendmsg', 'long', ['int', 'void *', 'int']),
  recvmsg: declare<(fd: number, message: Memory, flags: number) => number>('recvmsg', 'long', ['int', 'void *', 'int']),
} as const;

/** posix_spawn(3) and its kin. Unlike the rest they return the errno itself, 0 for success. */
export const spawning = {
  spawn: declare<
    Aside<
      (
        pid: Memory,
        file: string,
        actions: Memory,
        attributes: Memory,
        argv: readonly (string | null)[],
        env: readonly (string | null)[],
      ) => number
    >
  >('posix_spawn', 'int', ['void *', 'str', 'void *', 'void *', 'const char **', 'const char **']),
  attributesInit: declare<(attributes: Memory) => number>('posix_spawnattr_init', 'int', ['void *']),
  setFlags: declare<(attributes: Memory, flags: number) => number>('posix_spawnattr_setflags', 'int', ['void *', 'short']),
  setSignalDefaults: declare<(attributes: Memory, set: Memory) => number>('posix_spawnattr_setsigdefault', 'int', [
    'void *',
    'void *',
  ]),
  setSignalMask: declare<(attributes: Memory, set: Memory) => number>('posix_spawnattr_setsigmask', 'int', [
    'void *',
    'void *',
  ]),
  actionsInit: declare<(actions: Memory) => number>('posix_spawn_file_actions_init', 'int', ['void *']),
  actionsDestroy: declare<(actions: Memory) => number>('posix_spawn_file_actions_destroy', 'int', ['void *']),
  addDuplicate: declare<(actions: Memory, from: number, to: number) => number>(
    'posix_spawn_file_actions_adddup2',
    'int',
    ['void *', 'int', 'int'],
  ),
  addOpen: declare<(actions: Memory, fd: number, path: string, flags: number, mode: number) => number>(
    'posix_spawn_file_actions_addopen',
    'int',
    ['void *', 'int', 'str', 'int', 'uint32_t'],
  ),
  /** glibc 2.29, musl 1.1.24. */
  addChangeDirectory: declare<(actions: Memory, path: string) => number>(
    'posix_spawn_file_actions_addchdir_np',
    'int',
    ['void *', 'str'],
  ),
} as const;

/**
 * Sizes and offsets of C structures that differ between machines or cannot be seen from a manual page.
 * The sizes of the posix_spawn structures are glibc's (musl's are not larger), the same on x86-64 and arm64.
 */
export const layout = {
  spawnAttributes: 336,
  spawnActions: 80,
  signalSet: 128,
  /** The kernel packs epoll_event on x86-64 alone. `data` is the offset of its 64-bit data member. */
  epollEvent: process.arch === 'x64' ? { size: 12, data: 4 } : { size: 16, data: 8 },
} as const;

/**
 * koffi's binding as koffi's own package for this platform has it. What koffi puts around that (warnings of what is deprecated, a search for other places) copies each property of
 * `node:util`, and Node loads what stands behind some of these only then: a third of a thread's start. Where that package is not, koffi looks for its binding itself, and has
 * the words for what is missing.
 */
function binding(): typeof Koffi {
  try {
    return require(`@koromix/koffi-linux-${process.arch}`) as typeof Koffi;
  } catch {
    return require('koffi') as typeof Koffi;
  }
}

/** The errno of the C call just made, and only of that: any later call may overwrite it. */
export function lastErrno(): number {
  return koffi.errno();
}

/** The address of a buffer's memory, for structures that hold pointers. Valid as long as the buffer is referenced. */
export function addressOf(buffer: Uint8Array): bigint {
  return koffi.address(buffer);
}

/** A watch of libuv on a descriptor. An open one keeps the process alive unless `unref` was called. */
export interface LoopWatch {
  ref(): void;
  unref(): void;
  close(): void;
}

/**
 * Calls `callback` from Node's own event loop as long as `fd` is readable (level-triggered).
 * Something thrown by the callback surfaces at an unrelated place: it must not throw.
 */
export function watchReadable(fd: number, callback: () => void): LoopWatch {
  return koffi.node.poll(fd, { readable: true }, callback);
}
