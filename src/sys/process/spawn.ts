import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { SysError, checkNoNul } from '../errors';
import { libc, spawning } from '../native';
import type { SpawnOptions } from './spawn-options';
import { attributesOf, fileActions } from './spawn-parts';

export type { SpawnOptions } from './spawn-options';

// System call number, the same on x86-64 and arm64.
const CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const ALL_FDS = 0xffffffff;

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
  const variables = options.env ?? process.env;
  const env = environmentOf(variables);
  const program = findProgram(options.file, variables);
  const argv = [options.argv0 ?? options.file, ...options.args].map((word) => checkNoNul(word, 'posix_spawn'));
  const pid = Buffer.alloc(4);
  hideDescriptors();
  const attributes = attributesOf(options);
  const actions = fileActions(options);
  return {
    args: [pid, program, actions.memory, attributes, [...argv, null], [...env, null]],
    pid,
    culprit: () => culprit(program, options.cwd),
    release: () => { actions.release(); },
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

const environments = new WeakMap<object, readonly string[]>();

/** As it was when these variables were first given: reading `process.env` asks the C library for each of them again. */
function environmentOf(variables: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = environments.get(variables);
  if (known !== undefined) return known;
  const environment = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [checkNoNul(`${name}=${value}`, 'posix_spawn')],
  );
  environments.set(variables, environment);
  return environment;
}

// posix_spawnp would look in this process's PATH, not in the new program's.
function findProgram(file: string, env: Readonly<Record<string, string | undefined>>): string {
  checkNoNul(file, 'posix_spawn');
  if (file.includes('/')) return file;
  let isPresent = false;
  for (const dir of (env['PATH'] ?? '').split(delimiter)) {
    const path = dir === '' ? undefined : join(dir, file);
    if (path === undefined || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    if (isExecutable(path)) return path;
    isPresent = true;
  }
  throw new SysError(isPresent ? constants.errno.EACCES : constants.errno.ENOENT, 'posix_spawn', file);
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
