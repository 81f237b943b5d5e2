import { closeSync } from 'node:fs';
import { type ByteText, type HeldNames, type RootedDirectory, isTaken } from '../../../sys/files/rooted-directory';
import { factsOf } from '../../../sys/files/cached-name';
import { errorCodeOf } from '../../../sys/thrown';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * The directories that entries are made in: looked for in the root as somebody inside would, and made where they are not there, as the nearest layer below has
 * them. The last is kept open: most entries are in the same one as that before. Whoever takes something away calls `forget`, as a path may lead elsewhere then.
 */
export class Parents {
  #last: { readonly key: ByteText; readonly directory: HeldNames } | undefined;
  #isStale = false;

  constructor(
    private readonly root: RootedDirectory,
    private readonly lower: readonly RootedDirectory[],
  ) {}

  /** A directory by the names that lead to it; it is this one's, and open until the next is asked for. @throws SysError */
  open(names: readonly ByteText[]): HeldNames {
    const key = names.join('/');
    if (this.#last?.key === key && !this.#isStale) return this.#last.directory;
    const directory = this.#find(names);
    this.#last?.directory.close();
    this.#last = { key, directory };
    this.#isStale = false;
    return directory;
  }

  /** Something in a directory is taken away: the next is looked for anew. The directory itself stays open until then. */
  forget(_directory: HeldNames): void {
    this.#isStale = true;
  }

  /** May be called twice. */
  close(): void {
    this.#last?.directory.close();
    this.#last = undefined;
  }

  #find(names: readonly ByteText[]): HeldNames {
    try {
      return this.root.openDirectory(names.join('/'));
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT' || names.length === 0) throw error;
    }
    const above = this.#find(names.slice(0, -1));
    let target: ByteText | undefined;
    try {
      target = this.#make(above, names);
    } finally {
      above.close();
    }
    if (target === undefined) return this.root.openDirectory(names.join('/'));
    // A chain of them ends: of a circle the kernel says so (ELOOP) where it was looked for.
    return this.#find([...(target.startsWith('/') ? [] : names.slice(0, -1)), ...target.split('/').filter((name) => name !== '')]);
  }

  /** @returns undefined: it is made; or what the link leads to that has its name, and of which nothing is there, or only in a layer below: it is made in its place, as containerd has it */
  #make(above: HeldNames, names: readonly ByteText[]): ByteText | undefined {
    const name = names.at(-1) ?? '';
    try {
      above.makeDirectory(name);
    } catch (error) {
      if (!isTaken(error)) throw error;
      return name === '.' || name === '..' ? undefined : above.readLink(name);
    }
    for (const layer of this.lower) {
      const found = this.#findBelow(layer, names);
      if (found === 'nothing') continue;
      // A file, or a sign that it is gone: what is further below does not show.
      if (found !== 'other') copyAttributes(found, above, name);
      break;
    }
    return undefined;
  }

  #findBelow(layer: RootedDirectory, names: readonly ByteText[]): HeldNames | 'nothing' | 'other' {
    try {
      return layer.openDirectory(names.join('/'));
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'ENOENT') return 'nothing';
      if (code === 'ENOTDIR' || code === 'ELOOP') return 'other';
      throw error;
    }
  }
}

/** Owner, permissions and extended attributes but overlayfs' own. */
function copyAttributes(from: HeldNames, above: HeldNames, name: ByteText): void {
  try {
    const fd = from.open('.');
    try {
      const { mode, ownerId, groupId } = factsOf(fd);
      if ((mode & S_IFMT) !== S_IFDIR) return;
      above.setOwner(name, { uid: ownerId, gid: groupId });
      above.setMode(name, mode & 0o7777);
    } finally {
      closeSync(fd);
    }
    for (const [attribute, value] of from.attributes('.')) {
      if (!/^(?:trusted|user)\.overlay\./.test(attribute)) above.setAttribute(name, attribute, value);
    }
  } finally {
    from.close();
  }
}
