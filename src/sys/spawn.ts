import { accessSync, closeSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { SysError, check, checkNoNul } from './errors';
import { layout, libc, spawning } from './native';

/** A program to start. What is not named here is not inherited: no descriptor above 2, no signal disposition or mask. */
export interface SpawnOptions {
  /** A path (it has a slash), or a name to be looked up in the PATH of `env`. */
  readonly file: string;
  /** Without argv[0]. */
  readonly args: readonly string[];
  /** Default: `file` as given. */
  readonly argv0?: string;
  /** The whole environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: this process's. */
  readonly cwd?: string;
  /**
   * Descriptors of this process for the program's 0, 1 and 2; /dev/null where absent. They stay open
   * here, and the caller's. The program shares the open file description: O_NONBLOCK too.
   */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  /** Make it the leader of a new session, without a controlling terminal. */
  readonly session?: boolean;
  /** Make it the leader of a new process group. */
  readonly processGroup?: boolean;
}

const POSIX_SPAWN_SETPGROUP = 0x02;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;

// System call number, the same on x86-64 and arm64.
const CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const ALL_FDS = 0xffffffff;

const F_DUPFD_CLOEXEC = 1030;
const FIRST_FREE_FD = 3;

/**
 * Starts a program with posix_spawn(3), which takes the same short time whatever the size of this
 * process, and returns its pid. The caller reaps it.
 * @throws SysError of the exec: ENOENT, EACCES, ENOEXEC, E2BIG; `path` names the program or the `cwd`
 */
export function spawnProgram(options: SpawnOptions): number {
  const call = prepare(options);
  try {
    return pidOf(call, spawning.spawn(...call.args));
  } finally {
    call.release();
  }
}

/**
 * The same on a thread of the pool: posix_spawn returns when the new process has got a processor and
 * has reached its exec, which among many that want one takes milliseconds. The process may have ended,
 * and may have been reaped, when its pid comes. The descriptors of `options` stay open until then.
 * Rejects as {@link spawnProgram} throws.
 */
export async function spawnProgramAside(options: SpawnOptions): Promise<number> {
  const call = prepare(options);
  try {
    const errno = await new Promise<number>((resolve, reject) => {
      spawning.spawn.async(...call.args, (error, result) => { error === null ? resolve(result) : reject(error); });
    });
    return pidOf(call, errno);
  } finally {
    call.release();
  }
}

/** A call of posix_spawn, and all the memory and descriptors that it needs until it has returned. */
interface SpawnCall {
  readonly args: Parameters<typeof spawning.spawn>;
  readonly pid: Buffer;
  /** What is to blame where it fails: posix_spawn does not say whether the exec or the change of directory has. */
  culprit(): string;
  release(): void;
}

function prepare(options: SpawnOptions): SpawnCall {
  const env = environment(options.env ?? process.env);
  const program = findProgram(options.file, options.env ?? process.env);
  const argv = [options.argv0 ?? options.file, ...options.args].map((word) => checkNoNul(word, 'posix_spawn'));
  const pid = Buffer.alloc(4);
  hideDescriptors();
  const actions = new Actions();
  const attributes = new Attributes();
  const release = (): void => {
    actions.release();
    attributes.release();
  };
  try {
    actions.fill(options);
    attributes.fill(options);
  } catch (error) {
    release();
    throw error;
  }
  return {
    args: [pid, program, actions.memory, attributes.memory, [...argv, null], [...env, null]],
    pid,
    culprit: () => culprit(program, options.cwd),
    release,
  };
}

function pidOf(call: SpawnCall, errno: number): number {
  if (errno !== 0) throw new SysError(errno, 'posix_spawn', call.culprit());
  return call.pid.readInt32LE();
}

// Node opens everything close-on-exec, but marks of what it inherited itself only the first sixteen or so.
// A kernel before Linux 5.11 refuses, and leaves it at that.
function hideDescriptors(): void {
  libc.syscall(CLOSE_RANGE, FIRST_FREE_FD, ALL_FDS, CLOSE_RANGE_CLOEXEC, 0);
}

function environment(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [checkNoNul(`${name}=${value}`, 'posix_spawn')],
  );
}

// posix_spawnp would look in this process's PATH, not in the new program's.
function findProgram(file: string, env: Readonly<Record<string, string | undefined>>): string {
  checkNoNul(file, 'posix_spawn');
  if (file.includes('/')) return file;
  const candidates = (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '').map((dir) => join(dir, file));
  const present = candidates.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  const runnable = present.find(isExecutable);
  if (runnable !== undefined) return runnable;
  throw new SysError(present.length > 0 ? constants.errno.EACCES : constants.errno.ENOENT, 'posix_spawn', file);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, fsConstants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function culprit(program: string, cwd: string | undefined): string {
  if (cwd === undefined) return program;
  return statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true ? program : cwd;
}

/** What the new process does before the exec. */
class Actions {
  readonly memory = Buffer.alloc(layout.spawnActions);
  readonly #duplicates: number[] = [];

  constructor() {
    checkSpawn(spawning.actionsInit(this.memory));
  }

  fill({ stdin, stdout, stderr, cwd }: SpawnOptions): void {
    [stdin, stdout, stderr].forEach((source, target) => {
      if (source === undefined) {
        const access = target === 0 ? fsConstants.O_RDONLY : fsConstants.O_WRONLY;
        checkSpawn(spawning.addOpen(this.memory, target, '/dev/null', access, 0));
        return;
      }
      // Where both are the same number, the C library clears close-on-exec.
      checkSpawn(spawning.addDuplicate(this.memory, this.#safe(source, target), target));
    });
    if (cwd !== undefined) checkSpawn(spawning.addChangeDirectory(this.memory, checkNoNul(cwd, 'posix_spawn')));
  }

  release(): void {
    spawning.actionsDestroy(this.memory);
    for (const fd of this.#duplicates) closeSync(fd);
  }

  // The actions run one after the other: a source below 3 might be overwritten before its turn comes.
  #safe(source: number, target: number): number {
    if (source >= FIRST_FREE_FD || source === target) return source;
    const duplicate = check(libc.fcntl(source, F_DUPFD_CLOEXEC, FIRST_FREE_FD), 'fcntl F_DUPFD_CLOEXEC');
    this.#duplicates.push(duplicate);
    return duplicate;
  }
}

/** What the new process is from its start. */
class Attributes {
  readonly memory = Buffer.alloc(layout.spawnAttributes);

  constructor() {
    checkSpawn(spawning.attributesInit(this.memory));
  }

  fill({ session, processGroup }: SpawnOptions): void {
    // Node ignores SIGPIPE, and an ignored signal stays ignored across exec. All bits, not sigfillset's:
    // glibc leaves out two signals of its own, and has the program ignore those.
    checkSpawn(spawning.setSignalDefaults(this.memory, Buffer.alloc(layout.signalSet, 0xff)));
    checkSpawn(spawning.setSignalMask(this.memory, Buffer.alloc(layout.signalSet)));
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (session === true) flags |= POSIX_SPAWN_SETSID;
    // A session leader leads its process group already, and may not be moved to one.
    else if (processGroup === true) flags |= POSIX_SPAWN_SETPGROUP;
    checkSpawn(spawning.setFlags(this.memory, flags));
  }

  release(): void {
    spawning.attributesDestroy(this.memory);
  }
}

function checkSpawn(errno: number): void {
  if (errno !== 0) throw new SysError(errno, 'posix_spawn');
}
