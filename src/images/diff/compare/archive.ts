import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createWriteStream, readSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ByteText } from '../../../sys/files/rooted-directory';
import type { EntryKind } from '../../tar/entry';
import { type NewEntry, endOfArchive, headerOf, padding } from '../../tar/writer';
import type { Packing } from '../process/request';
import { CAPABILITY, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, type Seen, isKind } from './same';

const PIECE = 1024 * 1024;
const NS_PER_S = 1_000_000_000n;

const kinds: ReadonlyMap<number, EntryKind> = new Map([
  [S_IFREG, 'file'], [S_IFDIR, 'directory'], [S_IFLNK, 'symlink'], [S_IFCHR, 'character'], [S_IFBLK, 'block'], [S_IFIFO, 'fifo'],
]);

/** The archive of a layer, as it is written. */
export class LayerArchive {
  readonly #hash = createHash('sha256');
  readonly #file: Writable;
  readonly #out: Writable;
  #size = 0;
  /** Where an inode of several names went first, and the names of those that have not changed themselves. */
  readonly #inodes = new Map<string, ByteText>();
  readonly #unchanged = new Map<string, ByteText[]>();
  readonly #goneSeconds: number;

  /** @param fd where it goes @param epochSeconds what is newer bears this time, and what is gone does */
  constructor(fd: number, packing: Packing, private readonly epochSeconds: number | undefined) {
    // Opened anew: the daemon's end of the pipe does not block, and this one must.
    this.#file = createWriteStream(`/proc/self/fd/${fd}`, { flags: 'w' });
    this.#out = this.#file;
    if (packing === 'gzip') {
      this.#out = createGzip();
      this.#out.pipe(this.#file);
    }
    this.#goneSeconds = epochSeconds ?? Math.floor(Date.now() / 1000);
  }

  /** A name that is there no more. */
  async gone(directory: ByteText, name: ByteText): Promise<void> {
    const path = directory === '' ? `.wh.${name}` : `${directory}/.wh.${name}`;
    await this.#write(headerOf({ kind: 'file', path, mode: 0, uid: 0, gid: 0, modifiedSeconds: this.#goneSeconds }));
  }

  /** A file of several names that has not changed: where another name of it is in the layer, this one is linked to that. */
  async unchanged(path: ByteText, seen: Seen): Promise<'linked' | 'nothing'> {
    if (isKind(seen, S_IFDIR) || seen.facts.links < 2) return 'nothing';
    const inode = inodeOf(seen);
    if (this.#inodes.has(inode)) return 'linked';
    this.#unchanged.set(inode, [...(this.#unchanged.get(inode) ?? []), path]);
    return await Promise.resolve('nothing');
  }

  /** Writes a file as it is. @returns names that have to be linked to it, and come with their directories */
  async add(path: ByteText, seen: Seen): Promise<readonly ByteText[]> {
    const kind = kinds.get(seen.facts.mode & S_IFMT);
    // A socket is nobody's without its process.
    if (kind === undefined) return [];
    if (kind === 'directory' || seen.facts.links < 2) {
      await this.#addFile(path, seen, kind);
      return [];
    }
    const inode = inodeOf(seen);
    const first = this.#inodes.get(inode);
    if (first !== undefined) {
      await this.link(path, seen, first);
      return [];
    }
    this.#inodes.set(inode, path);
    await this.#addFile(path, seen, kind);
    const waiting = this.#unchanged.get(inode) ?? [];
    this.#unchanged.delete(inode);
    return waiting;
  }

  /** What a directory's entry says: it may have to be written when the directory is open no more. */
  directoryEntry(path: ByteText, seen: Seen): NewEntry {
    return this.#entryOf(path, seen, 'directory');
  }

  async write(entry: NewEntry): Promise<void> {
    await this.#write(headerOf(entry));
  }

  async link(path: ByteText, seen: Seen, target: ByteText): Promise<void> {
    await this.#write(headerOf({ ...this.#entryOf(path, seen, 'link'), linkPath: target, size: 0 }));
  }

  /** @returns digest and size of the archive, not packed, once all of it is written */
  async finish(): Promise<{ readonly digest: string; readonly size: number }> {
    await this.#write(endOfArchive());
    this.#out.end();
    await finished(this.#file);
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  async #addFile(path: ByteText, seen: Seen, kind: EntryKind): Promise<void> {
    const entry = this.#entryOf(path, seen, kind);
    await this.#write(headerOf(entry));
    if (kind === 'file' && seen.facts.size > 0) await this.#content(seen);
  }

  #entryOf(path: ByteText, { directory, name, facts }: Seen, kind: EntryKind): NewEntry {
    const seconds = Number((facts.modifiedNs - (((facts.modifiedNs % NS_PER_S) + NS_PER_S) % NS_PER_S)) / NS_PER_S);
    const capability = kind === 'symlink' ? undefined : directory.attribute(name, CAPABILITY);
    const [major = 0, minor = 0] = facts.deviceNumber.split(':').map(Number);
    return {
      kind,
      path: kind === 'directory' ? `${path}/` : path,
      linkPath: kind === 'symlink' ? directory.readLink(name) : '',
      size: kind === 'file' ? facts.size : 0,
      mode: facts.mode & 0o7777,
      uid: facts.ownerId,
      gid: facts.groupId,
      modifiedSeconds: Math.min(seconds, this.epochSeconds ?? seconds),
      ...(kind === 'character' || kind === 'block' ? { major, minor } : {}),
      ...(capability === undefined ? {} : { attributes: new Map([[CAPABILITY, capability]]) }),
    };
  }

  /** As many bytes as the header says, whoever writes to the file meanwhile. */
  async #content({ directory, name, facts }: Seen): Promise<void> {
    const fd = directory.openFile(name);
    try {
      for (let at = 0; at < facts.size;) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE, facts.size - at));
        const count = readSync(fd, piece, 0, piece.length, at);
        if (count === 0) piece.fill(0);
        const read = count === 0 ? piece.length : count;
        await this.#write(piece.subarray(0, read));
        at += read;
      }
    } finally {
      closeSync(fd);
    }
    await this.#write(padding(facts.size));
  }

  async #write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.#size += bytes.length;
    if (!this.#out.write(bytes)) await once(this.#out, 'drain');
  }
}

function inodeOf({ facts }: Seen): string {
  return `${facts.device} ${facts.inode}`;
}
