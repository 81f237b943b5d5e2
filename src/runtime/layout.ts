import { join } from 'node:path';

/** The name of a container's first process, and so of its directory. */
export const INIT = 'init';

/** The container's own file, written at its creation and never changed. */
export const STATE_FILE = 'state.json';

/**
 * The names in a process's directory (and `state`, the one in a container's). All but
 * `stdinClosed` are shared with containerd 0.2.x and its shim, which read and write them too.
 */
export const files = {
  /** In the container's directory: what the container is (bundle, runtime, labels). */
  state: STATE_FILE,
  /** The OCI process and the shim's instructions; the runtime reads it for an exec. */
  process: 'process.json',
  /** FIFO; the shim holds its write end, and the hang-up says that the process is over. */
  exit: 'exit',
  /** FIFO; lines of `<type> <width> <height>`. */
  control: 'control',
  /** Written by the runtime (`--pid-file`): decimal. */
  pid: 'pid',
  /** Field 22 of /proc/<pid>/stat: with `pid`, the identity of the process. */
  starttime: 'starttime',
  /** Written by the shim when it has reaped the process: decimal. */
  exitStatus: 'exitStatus',
  /** The runtime's JSON log. */
  log: 'log.json',
  /** The shim's errors, one JSON object a line. */
  shimLog: 'shim-log.json',
  /** Our own: present once the client has asked to close stdin, so that a restart keeps it closed. */
  stdinClosed: 'holdfast-stdin-closed',
  /** Our own: present until the process's start has been told; a restart undoes such a start. */
  starting: 'holdfast-starting',
  /** Our own: what `starting` becomes. Its inode and block are there for the exit status of a process that ends with a full disk. */
  spare: 'holdfast-spare',
  /** Our own, of an init process: the shim has had the runtime delete the container. */
  deleted: 'holdfast-deleted',
  /** Our own, of an init process: where the kernel keeps the container's cgroup. */
  cgroup: 'holdfast-cgroup.json',
  /** Our own, of an init process: OOM kills that the shim counted before the cgroup was removed; decimal. */
  oomKills: 'holdfast-oom-kills',
} as const;

const EVENT_DATABASE = 'holdfast-events.db';
const LOCK = 'holdfast.lock';
const JOURNAL = 'events.log';
const SHIM_SOCKET = /^holdfast-shim-.*\.sock(\.ready)?$/;
const SHIM_LOGS = ['holdfast-shim.log', 'holdfast-shim.log.1'];
// SQLite's own companions of the database, and the room that is kept for it (src/supervisor/log-room.ts).
const TOP_LEVEL_FILES = new Set([JOURNAL, LOCK, ...SHIM_LOGS, ...['', '-wal', '-shm', '-journal', '-room'].map((end) => EVENT_DATABASE + end)]);

/** Whether a file of the state directory's top level bears (or may bear) this name: no container can. */
export function isTopLevelFile(name: string): boolean {
  return TOP_LEVEL_FILES.has(name) || SHIM_SOCKET.test(name);
}

/**
 * The paths of a state directory. Every directory in it is a container, and every directory in a
 * container's is a process: the original containerd takes them so and deletes what it cannot load.
 * What else we keep is a plain file at the top, or lies in the companion directory beside.
 */
export class StateDir {
  /** @param root absolute path of the state directory */
  constructor(readonly root: string) {}

  containerDir(id: string): string {
    return join(this.root, id);
  }

  processDir(id: string, processId: string): string {
    return join(this.root, id, processId);
  }

  /** The original's event journal, imported once. */
  get journal(): string {
    return join(this.root, JOURNAL);
  }

  get eventDatabase(): string {
    return join(this.root, EVENT_DATABASE);
  }

  /** Locked by the one daemon that serves this directory. */
  get lockFile(): string {
    return join(this.root, LOCK);
  }

  /** @param name `<version>-<pid of the starting daemon>-<n>` */
  shimSocket(name: string): string {
    return join(this.root, `holdfast-shim-${name}.sock`);
  }

  /** Beside the state directory, for what must be directories: the lifted bundles. */
  get companion(): string {
    return `${this.root.replace(/\/+$/, '')}.holdfast`;
  }

  /** The bundle directory that the runtime is given where the client's spec needed a lift. */
  liftedBundle(id: string): string {
    return join(this.companion, 'bundles', id);
  }
}
