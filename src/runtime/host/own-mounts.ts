import type { Fields } from '../fields';
import { quote } from './environment';
import { hostError } from './host-error';

/** What a host program sees otherwise than the host: in a mount namespace of its own, into which come the mounts that the host makes later. */
export interface OwnMounts {
  /** Directories that are in memory, of this run alone. */
  readonly inMemory: readonly { readonly at: string; readonly options: readonly string[] }[];
  /** It cannot write there, nor in what is mounted below. */
  readonly readOnlyPaths: readonly string[];
}

/** @returns undefined where the spec asks for no mount namespace @throws RuntimeError `host-program` for what it cannot have */
export function ownMountsOf(fields: Fields, hasNamespace: boolean): OwnMounts | undefined {
  const mounts = fields.optionalObjects('mounts');
  const readOnlyPaths = fields.optionalObject('linux')?.optionalStrings('readonlyPaths') ?? [];
  if (!hasNamespace) {
    if (mounts.length > 0 || readOnlyPaths.length > 0) throw hostError('a host program without a mount namespace of its own cannot have mounts, nor readonlyPaths');
    return undefined;
  }
  for (const path of readOnlyPaths) checkPath('linux.readonlyPaths', path);
  return { inMemory: mounts.map(inMemoryOf), readOnlyPaths };
}

function inMemoryOf(mount: Fields): OwnMounts['inMemory'][number] {
  const at = mount.absolutePath('destination');
  checkPath('mounts', at);
  if (mount.string('type') !== 'tmpfs') throw hostError(`mounts: ${at}: a host program can have tmpfs, and nothing else`);
  const options = mount.optionalStrings('options') ?? [];
  const odd = options.find((option) => !/^[a-z]+(=[a-z0-9%]+)?$/.test(option));
  if (odd !== undefined) throw hostError(`mounts: ${at}: ${JSON.stringify(odd)} is no option of a tmpfs`);
  return { at, options };
}

function checkPath(member: string, path: string): void {
  if (!path.startsWith('/') || /[\0\n]/.test(path)) throw hostError(`${member}: expected an absolute path, not ${JSON.stringify(path)}`);
}

/**
 * A shell's script that mounts it and becomes what comes after it. To be run as root, in the namespace. Its last words say what was wrong.
 *
 * Of a mount its flags are given again, as a change of them means all of them (mount_setattr(2), "MS_REMOUNT | MS_BIND"); and what is mounted below is
 * changed one by one, as mount(8) can do that at once from 2.39 on alone.
 */
export function mountScript({ inMemory, readOnlyPaths }: OwnMounts): string {
  return [
    'refuse() { printf "%s\\n" "$1" >&2; exit 125; }',
    ...(readOnlyPaths.length === 0 ? [] : [seal]),
    ...readOnlyPaths.map((path) => `seal ${quote(path)}`),
    // After them: also where all is read-only.
    ...inMemory.map(({ at, options }) => `mount -t tmpfs${options.length === 0 ? '' : ` -o ${options.join(',')}`} tmpfs ${quote(at)} || refuse ${quote(`cannot mount a tmpfs at ${at}`)}`),
    'exec "$@"',
  ].join('\n');
}

/** With "/" the kernel's own file systems stay as they are: /dev, /proc and /sys are not files that somebody has. */
const seal = [
  'seal() {',
  '  top=$(realpath -e -- "$1" 2>/dev/null) || refuse "read-only path $1: no such file or directory"',
  '  mountpoint -q -- "$top" || mount --rbind -- "$top" "$top" || refuse "read-only path $1: cannot be mounted"',
  '  mounts=$(cat /proc/self/mountinfo)',
  '  while read -r _ _ _ _ at options _; do',
  // Spaces and the like are octal there: proc(5).
  '    at=$(printf %b "$at")',
  '    case $at in "$top"|"${top%/}"/*) ;; *) continue ;; esac',
  '    case $top$at in //dev|//dev/*|//proc|//proc/*|//sys|//sys/*) continue ;; esac',
  '    case $options in ro|ro,*) continue ;; esac',
  '    mount -o "remount,bind,$options,ro" -- "$at" || refuse "read-only path $1: $at stays writable"',
  '  done <<END',
  '$mounts',
  'END',
  '}',
].join('\n');
