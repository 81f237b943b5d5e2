import { type Hash, createHash } from 'node:crypto';
import { closeSync, copyFileSync, fchmodSync, fstatSync, fsyncSync, ftruncateSync, linkSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { faultPoint } from '../../../sys/fault';
import { flushDirectory } from '../../../sys/files/flush-directory';

/** What is in the file of a blob on its way. */
export interface IngestBytes {
  readonly offset: number;
  /** Of what is there: `sha256:…`. */
  readonly digest: string;
}

interface Open {
  readonly path: string;
  readonly fd: number;
  /** Where what is to be appended is put by the other side. */
  readonly shared: Uint8Array;
  hash: Hash;
  offset: number;
}

/** A piece of a file that is hashed anew: others have their turn between two. */
const pieceBytes = 4 << 20;

/** The files of blobs on their way that are open in this thread, by numbers of its other side. */
export class OpenIngests {
  readonly #open = new Map<number, Open>();

  /** Opens the file, made where it is missing, and hashes what is in it. @param shared memory for what is to be appended: so each piece needs none of its own */
  async open(id: number, path: string, shared: SharedArrayBuffer): Promise<IngestBytes> {
    faultPoint('daemon.content.before-open');
    const fd = openAlone(path);
    const ingest: Open = { path, fd, shared: new Uint8Array(shared), hash: createHash('sha256'), offset: 0 };
    try {
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, fstatSync(fd).size));
      for (;;) {
        const count = readSync(fd, piece, 0, piece.length, ingest.offset);
        if (count === 0) break;
        ingest.hash.update(piece.subarray(0, count));
        ingest.offset += count;
        await nextTurn();
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#open.set(id, ingest);
    return bytesOf(ingest);
  }

  /** So many bytes of the shared memory. What cannot be written whole is not there. */
  append(id: number, length: number): IngestBytes {
    const ingest = this.#find(id);
    const bytes = ingest.shared.subarray(0, length);
    faultPoint('daemon.content.before-append');
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(ingest.fd, bytes, at);
    } catch (error) {
      ftruncateSync(ingest.fd, ingest.offset);
      throw error;
    }
    faultPoint('daemon.content.appended');
    ingest.hash.update(bytes);
    ingest.offset += bytes.length;
    return bytesOf(ingest);
  }

  truncate(id: number): IngestBytes {
    const ingest = this.#find(id);
    ftruncateSync(ingest.fd, 0);
    ingest.hash = createHash('sha256');
    ingest.offset = 0;
    return bytesOf(ingest);
  }

  /**
   * Gives the file the name of a blob, beside its own: so it is there under both until it is known which of them counts. When this returns, its bytes
   * and the name are on the disk: fsync(2).
   */
  link(id: number, path: string): void {
    const { fd, path: own } = this.#find(id);
    faultPoint('daemon.content.before-flush');
    fchmodSync(fd, 0o444);
    fsyncSync(fd);
    faultPoint('daemon.content.before-link');
    const other = `${path}.new`;
    rmSync(other, { force: true });
    linkSync(own, other);
    // Of a blob that nobody knows of: rename(2) replaces it.
    renameSync(other, path);
    flushDirectory(dirname(path));
    faultPoint('daemon.content.linked');
  }

  close(id: number): void {
    const ingest = this.#open.get(id);
    this.#open.delete(id);
    if (ingest !== undefined) closeSync(ingest.fd);
  }

  #find(id: number): Open {
    const ingest = this.#open.get(id);
    if (ingest === undefined) throw new Error('it is not open');
    return ingest;
  }
}

/** A file that has no other name. Where the blob's record did not follow its name, for a kill or a disk, that is a name of this file too, and its bytes may yet come to count. */
function openAlone(path: string): number {
  const fd = openSync(path, 'a+', 0o600);
  if (fstatSync(fd).nlink === 1) return fd;
  closeSync(fd);
  const other = `${path}.new`;
  copyFileSync(path, other);
  renameSync(other, path);
  return openSync(path, 'a+', 0o600);
}

function bytesOf({ offset, hash }: Open): IngestBytes {
  return { offset, digest: `sha256:${hash.copy().digest('hex')}` };
}
