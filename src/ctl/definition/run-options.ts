import { resolve } from 'node:path';
import { imageNameOf } from '../../runtime/text/image-name';
import { CtlError } from '../errors';

export const PULL_POLICIES = ['missing', 'always', 'never'] as const;
/** When an image is fetched before it is run. */
export type PullPolicy = (typeof PULL_POLICIES)[number];

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
  readonly publish?: readonly string[];
  readonly hostname?: string;
  readonly readOnly?: boolean;
  readonly pidNamespace?: boolean;
  readonly newPrivileges: boolean;
  readonly label?: readonly string[];
  readonly save?: string;
  readonly restart?: string;
  readonly entrypoint?: string;
  readonly pull?: PullPolicy;
}

/** What is to run; every path is absolute. */
export type RunKind =
  | { readonly is: 'host' }
  | { readonly is: 'rootfs'; readonly rootfs: string }
  | { readonly is: 'bundle'; readonly bundle: string }
  /** @property image its name, as it was given */
  | { readonly is: 'image'; readonly image: string };

/** Options of what the kind of program does not have: the host's is the host's, and a bundle says all of it itself. */
const onlyFor: Readonly<Record<string, readonly RunKind['is'][]>> = {
  env: ['host', 'rootfs', 'image'],
  cwd: ['host', 'rootfs', 'image'],
  user: ['host', 'rootfs', 'image'],
  tty: ['host', 'rootfs', 'image'],
  memory: ['host', 'rootfs', 'image'],
  cpus: ['host', 'rootfs', 'image'],
  pids: ['host', 'rootfs', 'image'],
  pidNamespace: ['host', 'rootfs', 'image'],
  volume: ['rootfs', 'image'],
  network: ['rootfs', 'image'],
  publish: ['rootfs', 'image'],
  hostname: ['rootfs', 'image'],
  readOnly: ['rootfs', 'image'],
  entrypoint: ['image'],
  pull: ['image'],
  save: ['host', 'rootfs', 'image', 'bundle'],
  restart: ['host', 'rootfs', 'image', 'bundle'],
};

/** What is to run, and the command in it: the first word is an image where nothing else is named. @throws CtlError `invalid-argument`: 125 */
export function kindOf(words: readonly string[], options: RunOptions): { readonly kind: RunKind; readonly command: readonly string[] } {
  const { host, rootfs, bundle } = options;
  const [image, ...rest] = words;
  const named = [host, rootfs, bundle].filter((each) => each !== undefined).length;
  if (named > 1 || (named === 0 && image === undefined)) {
    throw invalid('run takes an image, or --host and a command, or --rootfs, its directory and a command, or --bundle and its directory', 'holdfastctl run --rm --host -- sh -c "echo hi"');
  }
  const kind = named === 0 ? imageKind(image ?? '') : placedKind(words, options);
  for (const [option, kinds] of Object.entries(onlyFor)) {
    if (Reflect.get(options, option) !== undefined && !kinds.includes(kind.is)) throw misplaced(option, kind);
  }
  return { kind, command: kind.is === 'image' ? rest : words };
}

function imageKind(image: string): RunKind {
  if (imageNameOf(image) === undefined) throw invalid(`${JSON.stringify(image)} is not a name of an image`, 'A program of this host: holdfastctl run --host -- COMMAND');
  return { is: 'image', image };
}

function placedKind(command: readonly string[], { rootfs, bundle }: RunOptions): RunKind {
  const kind: RunKind = bundle !== undefined ? { is: 'bundle', bundle: resolve(bundle) } : rootfs !== undefined ? { is: 'rootfs', rootfs: resolve(rootfs) } : { is: 'host' };
  if (kind.is === 'bundle' && command.length > 0) throw invalid('a bundle says itself what runs in it', 'holdfastctl bundle DIRECTORY -- COMMAND  writes one.');
  if (kind.is !== 'bundle' && command.length === 0) throw invalid(`run --${kind.is} wants a command`, `holdfastctl run --rm --${kind.is}${rootfs === undefined ? '' : ` ${rootfs}`} -- sh -c "echo hi"`);
  return kind;
}

function misplaced(option: string, { is }: RunKind): CtlError {
  const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (option === 'entrypoint') return invalid('--entrypoint is for images: all else is the command itself');
  if (option === 'pull') return invalid('--pull is for images: all else is there, or is not');
  return is === 'host' ? invalid(`${flag} is for containers: a program of the host has the host's files, network and name`) : invalid(`${flag} is for --host and --rootfs: a bundle says it in its config.json`);
}

/** What is wrong with the command line of `run`. */
export function invalid(message: string, hint?: string): CtlError {
  return new CtlError('invalid-argument', message, hint === undefined ? {} : { hint });
}
