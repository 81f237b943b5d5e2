import type { ByteText } from '../../../sys/files/rooted-directory';
import { TarError } from '../../tar/entry';

/** Names that say of others that they are gone (OCI image specification, layer.md, "Whiteouts"). */
const WHITEOUT = '.wh.';
const META = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

/** Where in the root an entry belongs. */
export interface LayerPath {
  /** Names that lead to its directory, without `.` and `..`. */
  readonly parents: readonly ByteText[];
  /** Empty for the root itself. */
  readonly name: ByteText;
}

/** An archive's path below the root, which it cannot leave: `..` is taken by the letter, before any link is looked at, and ends at the root. */
export function layerPath(path: ByteText): LayerPath {
  const names: ByteText[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  const name = names.pop() ?? '';
  return { parents: names, name };
}

/** What a name means: a file, something that is gone, a directory that shows nothing of what is below it, or a note of AUFS's that is nobody else's. */
export type Meaning = { readonly is: 'file' } | { readonly is: 'gone'; readonly name: ByteText } | { readonly is: 'opaque' } | { readonly is: 'note' };

/** @throws TarError for a whiteout that names no file */
export function meaningOf({ parents, name }: LayerPath): Meaning {
  const [first = name] = parents;
  if (name === OPAQUE) return { is: 'opaque' };
  if (first.startsWith(META)) return { is: 'note' };
  if (!name.startsWith(WHITEOUT)) return { is: 'file' };
  const gone = name.slice(WHITEOUT.length);
  if (['', '.', '..'].includes(gone)) throw new TarError(`invalid whiteout name: ${Buffer.from(name, 'latin1').toString()}`);
  return { is: 'gone', name: gone };
}
