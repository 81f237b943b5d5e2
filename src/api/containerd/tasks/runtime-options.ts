import { isAbsolute, join } from 'node:path';
import { isHostRuntime } from '../../../runtime/host/host-name';
import { Options } from '../../gen/containerd/runtimes/runc-options';
import type { Any } from '../../gen/google/protobuf/any';
import { classError } from '../errors';

/** Which runtime a task gets, and how that is called. */
export interface TaskRuntime {
  /** A name, looked for on PATH, or an absolute path; or the runtime of host programs. */
  readonly program: string;
  readonly runtimeArgs: readonly string[];
  readonly noPivotRoot: boolean;
  readonly noNewKeyring: boolean;
  /** Who owns the stdio FIFOs; absent: the container's root. */
  readonly ioOwner?: { readonly uid: number; readonly gid: number };
}

/** Names of what serves runc and its like: all of them are the same to this daemon, which is its own shim. */
const runcNames = new Set(['io.containerd.runc.v2', 'io.containerd.runc.v1', 'io.containerd.runtime.v1.linux']);

const optionsType = 'containerd.runc.v1.Options';

/**
 * The runtime of a task.
 * @param name of the container's record
 * @param options the task's own where the client sent any, which then win entirely, else the container's
 * @param runtimeRoot where the options name none; in either the namespace is a directory of its own
 * @throws FaceError
 */
export function taskRuntimeOf(name: string, options: Any | undefined, runtimeRoot: string, namespace: string): TaskRuntime {
  if (isHostRuntime(name)) return { program: name, runtimeArgs: [], noPivotRoot: false, noNewKeyring: false };
  if (!runcNames.has(name)) throw notInstalled(name);
  const parsed = parse(options);
  const root = parsed.root === '' ? runtimeRoot : parsed.root;
  if (!isAbsolute(root) || root.includes('\0')) throw classError('invalid-argument', `the runtime's root must be an absolute path: ${JSON.stringify(root)}`);
  return {
    program: parsed.binary_name === '' ? 'runc' : parsed.binary_name,
    runtimeArgs: ['--root', join(root, namespace), ...(parsed.systemd_cgroup ? ['--systemd-cgroup'] : [])],
    noPivotRoot: parsed.no_pivot_root,
    noNewKeyring: parsed.no_new_keyring,
    ...(parsed.io_uid === 0 && parsed.io_gid === 0 ? {} : { ioOwner: { uid: parsed.io_uid, gid: parsed.io_gid } }),
  };
}

/** Options of another type are of another runtime's making: they say nothing here. */
function parse(options: Any | undefined): Options {
  const isOurs = options !== undefined && options.type_url.slice(options.type_url.lastIndexOf('/') + 1) === optionsType;
  try {
    return Options.decode(isOurs ? options.value : new Uint8Array());
  } catch (cause) {
    throw classError('invalid-argument', `options: not a ${optionsType}`, { cause });
  }
}

/** In the words for a shim program that is not there: no other runtime is served yet. */
function notInstalled(name: string): Error {
  const parts = name.split('.');
  const prefix = 'failed to start shim: failed to resolve runtime path: ';
  const [version, kind] = [parts.at(-1) ?? '', parts.at(-2) ?? ''];
  if (isAbsolute(name)) return classError('unknown', `${prefix}runtime ${JSON.stringify(name)}: not served here`);
  if (parts.length < 3) return classError('unknown', `${prefix}invalid runtime name ${name}, correct runtime name should be either format like \`io.containerd.runc.v1\` or a full path to the binary`);
  return classError('unknown', `${prefix}runtime ${JSON.stringify(name)} binary not installed "containerd-shim-${kind}-${version}": file does not exist`);
}
