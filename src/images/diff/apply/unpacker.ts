import { closeSync, fchmodSync, fchownSync, ftruncateSync, writeSync } from 'node:fs';
import { type ByteText, type HeldNames, type RootedDirectory, isTaken, setTimesOf, shown } from '../../../sys/files/rooted-directory';
import { faultPoint } from '../../../sys/fault';
import { errorCodeOf } from '../../../sys/thrown';
import type { TarSink } from '../../tar/reader';
import { type TarEntry, TarError } from '../../tar/entry';
import { type LayerPath, layerPath, meaningOf } from './layer-path';
import type { LayerCount } from './limits';
import { Parents } from './parents';

/** How what is gone is told of: by overlayfs' own signs in its upper directory, or by taking it away. */
export type Mode = 'overlay' | 'plain';

export interface UnpackOptions {
  readonly root: RootedDirectory;
  readonly mode: Mode;
  /** Directories of the layers below, nearest first: a directory that this layer does not have is made as it is there. */
  readonly lower: readonly RootedDirectory[];
  readonly count: LayerCount;
  /** In a user namespace nobody may make devices: they are left out. */
  readonly withoutDevices: boolean;
}

/** A file that is being written. */
interface Open {
  readonly fd: number;
  readonly parent: HeldNames;
  readonly entry: TarEntry;
  readonly name: ByteText;
  /** Where what has been written ends. */
  end: number;
}

/** overlayfs' own (Documentation/filesystems/overlayfs.rst): an archive that brought them would tell the kernel, not the container, something. */
const OVERLAY_ATTRIBUTE = /^(?:trusted|user)\.overlay\./;
const OPAQUE_ATTRIBUTE = 'trusted.overlay.opaque';

/**
 * Makes files of a layer's entries, below a root that nothing leads out of. Every name is made by its directory's descriptor, which is looked for in the root
 * as somebody inside would; an existing file goes before another takes its name, and is never written through.
 */
export class Unpacker implements TarSink {
  readonly #parents: Parents;
  #file: Open | undefined;
  /** Times of directories come last: each file that is made in one changes them. */
  readonly #directories: { readonly path: LayerPath; readonly entry: TarEntry }[] = [];
  /** What this layer has brought, with the directories that lead there: a whiteout is about what was there before. */
  readonly #brought = new Set<ByteText>();
  /** Attributes that this file system does not have, by name. */
  readonly skipped = new Set<string>();

  constructor(private readonly options: UnpackOptions) {
    this.#parents = new Parents(options.root, options.lower);
  }

  begin(entry: TarEntry): void {
    faultPoint('layers.apply.before-entry');
    this.options.count.entry(entry.size, entry.path, entry.linkPath);
    const path = layerPath(entry.path);
    if (path.name === '') {
      this.#rootItself(entry);
      return;
    }
    const meaning = meaningOf(path);
    if (meaning.is === 'note') return;
    const parent = this.#parents.open(path.parents);
    if (meaning.is === 'gone') this.#whiteout(parent, path, meaning.name, entry);
    else if (meaning.is === 'opaque') this.#makeOpaque(parent, path);
    else this.#make(parent, path, entry);
  }

  data(bytes: Buffer, offset: number): void {
    const file = this.#file;
    // Content of what is not made, such as a note of AUFS's.
    if (file === undefined) return;
    for (let at = 0; at < bytes.length;) at += writeSync(file.fd, bytes, at, bytes.length - at, offset + at);
    file.end = offset + bytes.length;
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      // A hole at the end is nothing that is written.
      if (file.end !== file.entry.size) ftruncateSync(file.fd, file.entry.size);
      this.#setAttributesOfOpen(file);
    } finally {
      closeSync(file.fd);
    }
  }

  /** Once all entries have come. */
  finish(): void {
    for (const { path, entry } of this.#directories) {
      try {
        this.#parents.open(path.parents).setTimes(path.name === '' ? '.' : path.name, entry.accessedNs ?? entry.modifiedNs, entry.modifiedNs);
      } catch (error) {
        // A later entry has taken its name.
        if (errorCodeOf(error) !== 'ENOENT' && errorCodeOf(error) !== 'ENOTDIR') throw error;
      }
    }
  }

  /** May be called twice, and amid a file. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    this.#parents.close();
  }

  #rootItself(entry: TarEntry): void {
    if (entry.kind !== 'directory') return;
    const root = this.#parents.open([]);
    this.#setAttributes(root, '.', entry);
    this.#directories.push({ path: { parents: [], name: '' }, entry });
  }

  #make(parent: HeldNames, path: LayerPath, entry: TarEntry): void {
    const { name } = path;
    if (entry.kind === 'directory') {
      this.#makeDirectory(parent, name);
      this.#directories.push({ path, entry });
    } else if (entry.kind === 'file') {
      this.#instead(parent, name, () => { this.#file = { fd: parent.createFile(name), parent, entry, name, end: 0 }; });
      this.#remember(path);
      // Its attributes are set at its end: what is written takes some away (capabilities(7)).
      return;
    } else if (!this.#makeOther(parent, name, entry)) {
      return;
    }
    this.#remember(path);
    if (entry.kind !== 'link') this.#setAttributes(parent, name, entry);
  }

  /** One that is there stays, with what is in it. */
  #makeDirectory(parent: HeldNames, name: ByteText): void {
    try {
      parent.makeDirectory(name);
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (!isDirectory(parent, name)) this.#instead(parent, name, () => { parent.makeDirectory(name); });
    }
  }

  /** @returns whether it was made */
  #makeOther(parent: HeldNames, name: ByteText, entry: TarEntry): boolean {
    switch (entry.kind) {
      case 'symlink':
        this.#instead(parent, name, () => { parent.makeLink(name, entry.linkPath); });
        return true;
      case 'fifo':
        this.#instead(parent, name, () => { parent.makeFifo(name); });
        return true;
      case 'character':
      case 'block': {
        const { kind, device } = entry;
        if (this.options.withoutDevices) return false;
        this.#instead(parent, name, () => { parent.makeDevice(name, kind, device); });
        return true;
      }
      case 'link':
        this.#link(parent, name, entry);
        return true;
      case 'file':
      case 'directory':
        return false;
    }
  }

  #link(parent: HeldNames, name: ByteText, entry: TarEntry): void {
    const target = layerPath(entry.linkPath);
    const from = this.options.root.openDirectory(target.parents.join('/'));
    try {
      if (target.name === '') throw new TarError(`a hard link to the root: ${shown(entry.path)}`);
      this.#instead(parent, name, () => { from.linkTo(target.name, parent, name); });
    } finally {
      from.close();
    }
  }

  /** Makes something; where its name is taken, what has it goes first. */
  #instead(parent: HeldNames, name: ByteText, make: () => void): void {
    try {
      make();
    } catch (error) {
      if (!isTaken(error)) throw error;
      this.#parents.forget(parent);
      parent.remove(name);
      make();
    }
  }

  #whiteout(parent: HeldNames, path: LayerPath, name: ByteText, entry: TarEntry): void {
    if (this.options.mode === 'plain') {
      this.#parents.forget(parent);
      if (!this.#brought.has(join(path.parents, name))) parent.remove(name);
      return;
    }
    try {
      parent.makeDevice(name, 'character', { major: 0, minor: 0 });
    } catch (error) {
      // This layer has brought something of the same name: that is what counts.
      if (!isTaken(error)) throw error;
      return;
    }
    parent.setOwner(name, entry);
  }

  #makeOpaque(parent: HeldNames, { parents }: LayerPath): void {
    if (this.options.mode === 'overlay') {
      parent.setAttribute('.', OPAQUE_ATTRIBUTE, Buffer.from('y'));
      return;
    }
    this.#parents.forget(parent);
    this.#empty(parent, parents);
  }

  /** Takes away what this layer has not brought. */
  #empty(directory: HeldNames, names: readonly ByteText[]): void {
    for (const name of directory.names()) {
      if (!this.#brought.has(join(names, name))) {
        directory.remove(name);
      } else if (isDirectory(directory, name)) {
        const inner = directory.enter(name);
        try {
          this.#empty(inner, [...names, name]);
        } finally {
          inner.close();
        }
      }
    }
  }

  #remember({ parents, name }: LayerPath): void {
    if (this.options.mode === 'overlay') return;
    let path = '';
    for (const part of [...parents, name]) {
      path = path === '' ? part : `${path}/${part}`;
      this.#brought.add(path);
    }
  }

  /** In this order: a new owner takes the setuid bit and capabilities away (chown(2)). */
  #setAttributes(parent: HeldNames, name: ByteText, entry: TarEntry): void {
    parent.setOwner(name, entry);
    if (entry.kind !== 'symlink') parent.setMode(name, entry.mode);
    for (const [attribute, value] of entry.attributes) this.#setAttribute(parent, name, attribute, value);
    if (entry.kind !== 'directory') parent.setTimes(name, entry.accessedNs ?? entry.modifiedNs, entry.modifiedNs);
  }

  /** The same of a file that is open, which need not be looked up for each. */
  #setAttributesOfOpen({ fd, parent, name, entry }: Open): void {
    fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode);
    for (const [attribute, value] of entry.attributes) this.#setAttribute(parent, name, attribute, value);
    setTimesOf(fd, entry.accessedNs ?? entry.modifiedNs, entry.modifiedNs, shown(entry.path));
  }

  #setAttribute(parent: HeldNames, name: ByteText, attribute: ByteText, value: Buffer): void {
    try {
      if (OVERLAY_ATTRIBUTE.test(attribute)) this.skipped.add(attribute);
      else parent.setAttribute(name, attribute, value);
    } catch (error) {
      const code = errorCodeOf(error);
      // As others have it: not every file system has them, and users' are for files and directories alone.
      if (code !== 'EOPNOTSUPP' && code !== 'ENOTSUP' && !(code === 'EPERM' && attribute.startsWith('user.'))) throw error;
      this.skipped.add(attribute);
    }
  }
}

function join(parents: readonly ByteText[], name: ByteText): ByteText {
  return [...parents, name].join('/');
}

function isDirectory(parent: HeldNames, name: ByteText): boolean {
  try {
    parent.enter(name).close();
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCodeOf(error) ?? '')) return false;
    throw error;
  }
}
