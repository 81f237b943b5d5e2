import type { MountAsked } from './errands';
import type { ProgramCall } from './program-hand';

/** Words that mean to mount(8) what they mean to the kernel: nothing in quotes, no option of its own. */
const OVERLAY_OPTION = /^(index=off|userxattr|(workdir|upperdir|lowerdir)=[\w/.:@%+~-]+)$/;
const BIND_OPTIONS: ReadonlySet<string> = new Set(['bind', 'rbind', 'rw']);
/** The kernel takes a page (mount(2)); a longer one is shortened by a hand. */
const MOST_OPTION_BYTES = 4000;
/** Nothing of this process's environment. mount(2) and not fsconfig(2), as a hand does: of util-linux 2.39 and later, which some kernels take no long options from. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', LIBMOUNT_FORCE_MOUNT2: 'always' };
/** No helper of a file system's, no file of one's own, no path looked at. */
const PLAIN = ['--internal-only', '--no-mtab', '--no-canonicalize'];

/** mount(8) for what snapshots and most else are mounted by. @returns undefined for all that it might take for something else */
export function mountProgramOf(mounts: readonly MountAsked[], target: string): ProgramCall | undefined {
  const [first, ...others] = mounts;
  if (first === undefined || others.length > 0) return undefined;
  const { type, source, options } = first;
  const text = options.join(',');
  // Another word, such as LABEL=x, would be a device that is to be looked for.
  if (!source.startsWith('/') && !(type === 'overlay' && source === 'overlay')) return undefined;
  if (type === 'overlay' ? !options.every((option) => OVERLAY_OPTION.test(option)) || text.length > MOST_OPTION_BYTES : !isPlainBind(type, options)) return undefined;
  return { file: 'mount', args: [...PLAIN, ...(type === 'overlay' ? ['-t', type] : []), '-o', text, '--', source, target], env: ENVIRONMENT };
}

/** umount(8) for the topmost mount on `target`, lazily as a hand does. */
export function unmountProgramOf(target: string): ProgramCall {
  return { file: 'umount', args: [...PLAIN, '--lazy', '--', target], env: ENVIRONMENT };
}

/** Without flags of its own, which would take a second call. */
function isPlainBind(type: string, options: readonly string[]): boolean {
  return type === 'bind' && options.every((option) => BIND_OPTIONS.has(option)) && options.some((option) => option !== 'rw');
}
