import { resolve } from 'node:path';
import { CtlError } from '../errors';

/** The command line of `run`. */
export interface RunOptions {
  readonly host?: boolean;
  readonly rootfs?: string;
  readonly bundle?: string;
  readonly name?: string;
  readonly detach?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly keep?: boolean;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly pids?: number;
  readonly volume?: readonly string[];
  readonly network?: string;
  readonly hostname?: string;
  readonly readOnly?: boolean;
  readonly pidNamespace?: boolean;
  readonly newPrivileges: boolean;
  readonly label?: readonly string[];
  readonly save?: string;
}

/** What is to run; every path is absolute. */
export type RunKind =
  | { readonly is: 'host' }
  | { readonly is: 'rootfs'; readonly rootfs: string }
  | { readonly is: 'bundle'; readonly bundle: string };

/** Options of what the kind of program does not have: the host's is the host's, and a bundle says all of it itself. */
const onlyFor: Readonly<Record<string, readonly RunKind['is'][]>> = {
  env: ['host', 'rootfs'],
  cwd: ['host', 'rootfs'],
  user: ['host', 'rootfs'],
  tty: ['host', 'rootfs'],
  memory: ['host', 'rootfs'],
  cpus: ['host', 'rootfs'],
  pids: ['host', 'rootfs'],
  pidNamespace: ['host', 'rootfs'],
  volume: ['rootfs'],
  network: ['rootfs'],
  hostname: ['rootfs'],
  readOnly: ['rootfs'],
};

/** @throws CtlError `invalid-argument`: 125 */
export function kindOf(command: readonly string[], options: RunOptions): RunKind {
  const { host, rootfs, bundle } = options;
  if ([host, rootfs, bundle].filter((each) => each !== undefined).length !== 1) {
    throw invalid('run takes --host and a command, or --rootfs, its directory and a command, or --bundle and its directory', 'holdfastctl run --rm --host -- sh -c "echo hi"');
  }
  const kind: RunKind = bundle !== undefined ? { is: 'bundle', bundle: resolve(bundle) } : rootfs !== undefined ? { is: 'rootfs', rootfs: resolve(rootfs) } : { is: 'host' };
  if (kind.is === 'bundle' && command.length > 0) throw invalid('a bundle says itself what runs in it', 'holdfastctl bundle DIRECTORY -- COMMAND  writes one.');
  if (kind.is !== 'bundle' && command.length === 0) throw invalid(`run --${kind.is} wants a command`, `holdfastctl run --rm --${kind.is}${rootfs === undefined ? '' : ` ${rootfs}`} -- sh -c "echo hi"`);
  for (const [option, kinds] of Object.entries(onlyFor)) {
    if (Reflect.get(options, option) !== undefined && !kinds.includes(kind.is)) throw misplaced(option, kind);
  }
  return kind;
}

function misplaced(option: string, { is }: RunKind): CtlError {
  const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return is === 'host' ? invalid(`${flag} is for --rootfs: a program of the host has the host's files, network and name`) : invalid(`${flag} is for --host and --rootfs: a bundle says it in its config.json`);
}

/** What is wrong with the command line of `run`. */
export function invalid(message: string, hint?: string): CtlError {
  return new CtlError('invalid-argument', message, hint === undefined ? {} : { hint });
}
