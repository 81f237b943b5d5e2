import { join } from 'node:path';
import { type ContainerKey, isLegacy, nameOf } from './container-key';

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
  /** Our own: FIFO; the stdin of a process that whoever attaches may write to. */
  input: 'holdfast-input',
  /** Our own: which process reads the output, where a program of the client's does (`binary://`): pid and start time. */
  logger: 'holdfast-logger',
  /** Our own: present until the process's start has been told; a restart undoes such a start. */
  starting: 'holdfast-starting',
  /** Our own, of an exec'd process that is kept: its name is taken, and it has not been started. */
  registered: 'holdfast-registered',
  /** Our own, of an init process that is kept: the runtime's `start` is under way, and nobody may delete the container under it. */
  startCall: 'holdfast-start-call',
  /** Our own: what `starting` becomes. Its inode and block are there for the exit status of a process that ends with a full disk. */
  spare: 'holdfast-spare',
  /** Our own, of an init process: the shim has had the runtime delete the container. */
  deleted: 'holdfast-deleted',
  /** Our own, of an init process: where the kernel keeps the container's cgroup. */
  cgroup: 'holdfast-cgroup.json',
  /** Our own, of an init process: OOM kills that the shim counted before the cgroup was removed; decimal. */
  oomKills: 'holdfast-oom-kills',
  /** Our own, of a host program's init process: the FIFO that its stub waits on. There from before anything of it is made until it is deleted. */
  host: 'holdfast-host.json',
  /** Our own, of a host program: it was let go, or was about to be. */
  hostStarted: 'holdfast-host-started',
  /** Our own, of a process of a host program: a FIFO by which its stub says that it is ready, what it is given, and what it could not do. */
  hostReady: 'holdfast-host-ready',
  hostEnvironment: 'holdfast-host-environment',
  hostErrors: 'holdfast-host-errors',
} as const;

/** The daemon's, where nobody names another. */
export const USUAL_STATE_DIR = '/run/containerd';

const EVENT_DATABASE = 'holdfast-events.db';
const LOCK = 'holdfast.lock';
/** In a bundle of ours: it goes with it. */
const LIFTED = 'lifted';
const JOURNAL = 'events.log';
const SHIM_SOCKET = /^holdfast-shim-.*\.sock(\.ready)?$/;
const SHIM_LOGS = ['holdfast-shim.log', 'holdfast-shim.log.1'];
// SQLite's own companions of the database, and the room that is kept for it (src/supervisor/events/log-room.ts).
const TOP_LEVEL_FILES = new Set([JOURNAL, LOCK, ...SHIM_LOGS, ...['', '-wal', '-shm', '-journal', '-room'].map((end) => EVENT_DATABASE + end)]);

/** Whether a file of the state directory's top level bears (or may bear) this name: no container can. */
export function isTopLevelFile(name: string): boolean {
  return TOP_LEVEL_FILES.has(name) || SHIM_SOCKET.test(name);
}

/**
 * Whether containerd 1.x has a directory of this name at the top of its own state directory, which may be the same one: in its place we neither
 * take it for a container nor touch it.
 */
export function isOfContainerd(name: string): boolean {
  return /^(io\.containerd\..*|runc|fifo|s|tmpmounts)$/.test(name);
}

/**
 * The paths of a state directory. Every directory in it is a container, and every directory in a
 * container's is a process: the original containerd takes them so and deletes what it cannot load.
 * What else we keep is a plain file at the top, or lies in the companion directory beside.
 */
export class StateDir {
  /** @param root absolute path of the state directory */
  constructor(readonly root: string) {}

  /** Of the legacy API's containers in the state directory itself, of all others in the companion: `<namespace>/<id>`. */
  containerDir(key: ContainerKey): string {
    return isLegacy(key) ? join(this.root, key) : join(this.namespaces, key);
  }

  processDir(key: ContainerKey, processId: string): string {
    return join(this.containerDir(key), processId);
  }

  /** A directory for each namespace but the legacy API's, with one for each of its containers. */
  get namespaces(): string {
    return join(this.companion, 'namespaces');
  }

  /** The bundles that are written here, for containers whose client sends a spec: `<namespace>/<id>`. */
  get ownBundles(): string {
    return join(this.companion, 'io.containerd.runtime.v2.task');
  }

  /** Where the bundle of a container lies whose client sends a spec. Not for the legacy API's. */
  ownBundle(key: ContainerKey): string {
    return join(this.ownBundles, key);
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

  /** Where readers of a container's kept output are told of that are waited for: see runtime/kept-output/holds.ts. */
  holdsDir(key: ContainerKey): string {
    const { namespace, id } = nameOf(key);
    return join(this.companion, 'readers', namespace, id);
  }

  /** The bundle directory that the runtime is given where the client's spec needed a lift. */
  liftedBundle(key: ContainerKey): string {
    return isLegacy(key) ? join(this.companion, 'bundles', key) : join(this.ownBundle(key), LIFTED);
  }
}
