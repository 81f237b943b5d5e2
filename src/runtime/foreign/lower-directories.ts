import { dirname } from 'node:path';

/** The kernel takes one page of a file system's options, with its NUL (mount(2)). */
const mostBytes = 4095;
const key = 'lowerdir=';

/** Options that are short enough, and the directory that they are to be read in. */
export interface ShortOptions {
  readonly data: string;
  /** Undefined: they mean the same everywhere. */
  readonly directory: string | undefined;
}

/**
 * The options of an overlay, with its lower directories by relative paths where they are too long for the kernel: some fifty layers are. They are told from
 * the directory above all of them.
 * @param data as of mount(2), with absolute paths. Where it cannot be shortened it comes back as it is.
 */
export function shortLowerDirectories(data: string): ShortOptions {
  const asIs = { data, directory: undefined };
  if (Buffer.byteLength(data) <= mostBytes) return asIs;
  // A comma or colon that is part of a path has a backslash before it (Documentation/filesystems/overlayfs.rst).
  const options = data.split(/(?<!\\),/);
  const at = options.findIndex((option) => option.startsWith(key));
  const directories = options[at]?.slice(key.length).split(/(?<!\\):/) ?? [];
  const above = commonAbove(directories);
  if (above === undefined || /\\/.test(above)) return asIs;
  options[at] = `${key}${directories.map((path) => path.slice(above.length + 1)).join(':')}`;
  return { data: options.join(','), directory: above };
}

/** The directory that all of them are below, unless it is the root. */
function commonAbove(paths: readonly string[]): string | undefined {
  const [first = ''] = paths;
  let above = dirname(first);
  while (above.length > 1 && !paths.every((path) => path.startsWith(`${above}/`))) above = dirname(above);
  return above.startsWith('/') && above.length > 1 ? above : undefined;
}
