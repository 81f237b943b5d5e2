import { signalNumber } from '../../runtime/text/signals';
import { type FoundUser, environmentOf, userOf } from '../../runtime/text/passwd';
import { ImagesError } from '../errors';
import type { ImageConfig } from './formats';

/** What is to be other than an image says. */
export interface RunWishes {
  /** An OCI spec without what the image says: its arguments are those of the entrypoint, its environment is beside the image's, an empty working directory is the image's. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** `user[:group]`, names or numbers; empty: the image's. */
  readonly user: string;
  /** Instead of the image's, which its command goes with; empty: the image's. */
  readonly entrypoint: string;
}

/** Files of the image that tell of its users. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Of the bundle: its snapshot is mounted there. */
const ROOTFS = 'rootfs';

/** The whole spec of a container of an image (OCI image specification, "Conversion to OCI Runtime Configuration"). @throws ImagesError `invalid` */
export function runSpec(config: ImageConfig, files: UserFiles, { spec, user, entrypoint }: RunWishes): object {
  const process = objectOf(spec['process']);
  const root = objectOf(spec['root']);
  const args = argsOf(config, textsOf(process['args']), entrypoint);
  if (args.length === 0) throw new ImagesError('invalid', 'the image says no command, and none is given');
  const found = foundUser(user || config.user || '0', files);
  const cwd = process['cwd'];
  return {
    ...spec,
    process: {
      ...process,
      args,
      env: merged([DEFAULT_PATH, ...environmentOf(found), ...config.env, ...textsOf(process['env'])]),
      cwd: typeof cwd === 'string' && cwd !== '' ? cwd : config.workingDir || '/',
      user: { ...objectOf(process['user']), uid: found.uid, gid: found.gid, ...(found.additionalGids.length === 0 ? {} : { additionalGids: found.additionalGids }) },
    },
    root: { ...root, path: ROOTFS },
    mounts: mountsOf(config, spec['mounts'], root['readonly'] === true),
  };
}

/** The number of the signal that ends it; 0: SIGTERM, as ever. */
export function stopSignalOf({ stopSignal }: ImageConfig): number {
  return stopSignal === '' ? 0 : (signalNumber(stopSignal) ?? 0);
}

function argsOf({ entrypoint, cmd }: ImageConfig, command: readonly string[], instead: string): readonly string[] {
  // Its command is for its own entrypoint.
  if (instead !== '') return [instead, ...command];
  return [...entrypoint, ...(command.length > 0 ? command : cmd)];
}

function foundUser(text: string, { passwd, group }: UserFiles): FoundUser {
  const found = userOf(text, passwd, group);
  if ('unknown' in found) throw new ImagesError('invalid', `there is no ${found.unknown} ${found.name} in the image`);
  return found;
}

/** The last of a name counts, in the place of the first. */
function merged(variables: readonly string[]): string[] {
  return [...new Map(variables.map((variable) => [variable.split('=', 1)[0] ?? '', variable])).values()];
}

/** The volumes of an image are in its container's own layer; where that cannot be written, in memory. */
function mountsOf({ volumes }: ImageConfig, mounts: unknown, isReadOnly: boolean): readonly unknown[] {
  const asked: readonly unknown[] = Array.isArray(mounts) ? mounts : [];
  if (!isReadOnly) return asked;
  const taken = new Set(asked.map((mount) => objectOf(mount)['destination']));
  const free = volumes.filter((volume) => volume.startsWith('/') && !taken.has(volume));
  return [...asked, ...free.map((destination) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] }))];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
