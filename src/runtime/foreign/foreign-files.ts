import { join } from 'node:path';
import { isMountPoint } from '../../sys/files/mounted-here';
import { type ListenPlace, openListening } from '../../sys/sockets/listening-socket';
import type { KeptPlace } from './clear-kept';
import type { Fields } from '../fields';
import type { CheckpointRecord } from '../state-dir/checkpoint-file';
import { parseJsonFile } from '../state-dir/read-json';
import type { RuntimeErrorCode } from '../errors';
import type { RestorePlace } from './checkpoints';
import type { MountAsked } from './errands';
import { mountProgramOf, unmountProgramOf } from './mount-programs';
import { NotDoneByProgram } from './program-hand';
import { takeContent } from './hand';
import { Hands, type HandsOptions } from './hands';
import { type FoundProgram, programVersionAtOnce } from './programs';
import { type KeptListing, type KeptRange, isGoneAtOnce, listKeptAtOnce, readKeptAtOnce } from './kept';
import { type ForeignReadOptions, readAtOnce } from './read-at-once';
import { type OpenedStdio, type StdioAsked, openStdioAtOnce } from './stdio';

/** Mounting may wait for a server, or a disk's check. */
const MOUNT_PATIENCE_MS = 60_000;
/** A checkpoint holds the memory of its processes. */
const REMOVAL_PATIENCE_MS = 60_000;

/**
 * The files that clients name: bundles, stdio, checkpoints, mounts. They may lie on a file system that hangs, so this thread
 * touches only what the kernel has in its caches, of file systems that are in memory or on a local disk. For all else
 * hands are sent (see Hands): a hang costs the request its deadline, and nobody else anything.
 */
export class ForeignFiles {
  private readonly hands: Hands;

  constructor(options: HandsOptions) {
    this.hands = new Hands(options);
  }

  /**
   * Reads a small regular file. Rejects as readRegularFile throws, with RuntimeError `unanswered`, or with the signal's reason.
   */
  async read(path: string, options: ForeignReadOptions, signal?: AbortSignal): Promise<Buffer> {
    const atOnce = readAtOnce(path, options);
    if (atOnce !== undefined) return atOnce;
    const { mostBytes, followLink = false, root } = options;
    const about = root === undefined ? path : join(root, path);
    const { fds } = await this.hands.run('read', { path, mostBytes, followLink, root }, { about, signal });
    const [fd] = fds;
    return fd === undefined ? Buffer.alloc(0) : takeContent(fd);
  }

  /** Reads a file that holds one JSON object. Rejects with RuntimeError of the given code, one line that names the file, or the signal's reason. */
  async readJson(path: string, code: RuntimeErrorCode, options: ForeignReadOptions, signal?: AbortSignal): Promise<Fields> {
    return await parseJsonFile(path, code, () => this.read(path, options, signal), signal);
  }

  /** Finds a program. Rejects as findProgram throws, with RuntimeError `unanswered`, or with the signal's reason. */
  async findProgram(path: string, signal?: AbortSignal): Promise<FoundProgram> {
    return (await this.hands.run('findProgram', { path }, { about: path, signal })).value;
  }

  /**
   * Looks whether a program is there, before its execution would hold a thread that waits for its file system.
   * @returns its version, see FoundProgram. Rejects as findProgram.
   */
  async checkProgram(path: string, signal?: AbortSignal): Promise<string | undefined> {
    return programVersionAtOnce(path) ?? (await this.findProgram(path, signal)).version;
  }

  /** Opens one of a process's stdio paths. Rejects as openStdio throws, with RuntimeError `unanswered`, or with the signal's reason. */
  async openStdio(asked: StdioAsked, signal?: AbortSignal): Promise<OpenedStdio> {
    const atOnce = openStdioAtOnce(asked);
    if (atOnce !== undefined) return atOnce;
    const { value, fds } = await this.hands.run('openStdio', asked, { about: asked.path, signal });
    const [first, endFd] = fds;
    if (value.kind === 'null' || first === undefined) return { kind: 'null' };
    return value.kind === 'file' ? { kind: 'file', fileFd: first } : { kind: 'fifo', keeperFd: first, endFd };
  }

  /** The whole checkpoints below `place`, by name; none where the directory is not there. */
  async listCheckpoints(place: string, signal?: AbortSignal): Promise<readonly CheckpointRecord[]> {
    const { value } = await this.hands.run('listCheckpoints', { place }, { about: place, signal });
    return value.checkpoints;
  }

  /** Makes a checkpoint's directory below `place`. @returns the directory for the runtime's work. Rejects with EEXIST and others. */
  async makeCheckpoint(place: string, name: string, signal?: AbortSignal): Promise<string> {
    const { value } = await this.hands.run('makeCheckpoint', { place, name }, { about: join(place, name), signal });
    return value.workPath;
  }

  /** Writes a checkpoint's description, with which it is whole. */
  async describeCheckpoint(imagePath: string, record: CheckpointRecord, signal?: AbortSignal): Promise<void> {
    await this.hands.run('describeCheckpoint', { imagePath, record }, { about: imagePath, signal });
  }

  /** Removes a checkpoint. @returns whether there was one */
  async removeCheckpoint(place: string, name: string, signal?: AbortSignal): Promise<boolean> {
    const about = join(place, name);
    // First: a file system that hangs shows at this, and much to remove takes its time.
    const { value } = await this.hands.run('findCheckpoint', { place, name }, { about, signal });
    if (value.isThere) await this.hands.run('removeCheckpoint', { place, name }, { about, signal, patienceMs: REMOVAL_PATIENCE_MS });
    return value.isThere;
  }

  /** The files of kept output in a directory, in no order; none where it is not there. */
  async listKept(dir: string, signal?: AbortSignal): Promise<readonly KeptListing[]> {
    const atOnce = listKeptAtOnce(dir);
    if (atOnce !== undefined) return atOnce;
    return (await this.hands.run('listKept', { dir }, { about: dir, signal })).value.files;
  }

  /** What is there of so many bytes of a file of kept output; undefined where it is not there any more. */
  async readKept(range: KeptRange, signal?: AbortSignal): Promise<Buffer | undefined> {
    const atOnce = readKeptAtOnce(range);
    if (atOnce !== undefined) return atOnce === 'gone' ? undefined : atOnce;
    const [fd] = (await this.hands.run('readKept', range, { about: range.path, signal })).fds;
    return fd === undefined ? undefined : takeContent(fd);
  }

  /** Removes what is kept in a directory, as far as nobody is at it. @returns whether all is gone. Rejects as `removeKept`. */
  async clearKept(place: KeptPlace): Promise<boolean> {
    if (isGoneAtOnce(place.dir)) return true;
    return (await this.hands.run('clearKept', place, { about: place.dir, patienceMs: REMOVAL_PATIENCE_MS })).value.isCleared;
  }

  /** Removes a directory of kept output; one that is not there is fine. Rejects with what the system says, or RuntimeError `unanswered`. */
  async removeKept(dir: string): Promise<void> {
    if (isGoneAtOnce(dir)) return;
    await this.hands.run('removeKept', { dir }, { about: dir, patienceMs: REMOVAL_PATIENCE_MS });
  }

  /** Reads a checkpoint that a container is to be restored from, and makes a directory for the runtime's work. */
  async prepareRestore(checkpointDir: string, signal?: AbortSignal): Promise<RestorePlace> {
    return (await this.hands.run('prepareRestore', { checkpointDir }, { about: checkpointDir, signal })).value;
  }

  /** Mounts all of `mounts` on `target`, one on the other, or none. Rejects with what the system says, or the signal's reason. */
  async mount(mounts: readonly MountAsked[], target: string, signal: AbortSignal): Promise<void> {
    // What a mount waits for is behind its source; below the target there is only our own directory.
    const place = mounts.map(({ type, source }) => `${type} ${source}`).join(', ');
    const options = { about: `mount ${place} on ${target}`, place, signal, patienceMs: MOUNT_PATIENCE_MS };
    const program = mountProgramOf(mounts, target);
    if (program !== undefined && (await isDone(this.hands.run('mount', { mounts, target }, { ...options, program })))) return;
    await this.hands.run('mount', { mounts, target }, options);
  }

  /** Undoes every mount on `target`; none is fine. Rejects with what the system says. */
  async unmount(target: string): Promise<void> {
    if (isMountPoint(target) === false) return;
    const options = { about: target, place: `unmount ${target}`, patienceMs: MOUNT_PATIENCE_MS };
    if ((await isDone(this.hands.run('unmount', { target }, { ...options, program: unmountProgramOf(target) }))) && isMountPoint(target) === false) return;
    await this.hands.run('unmount', { target }, options);
  }

  /** A socket that listens, close-on-exec; the caller closes it. Rejects with what the system says, such as EADDRINUSE. */
  async listen(place: ListenPlace): Promise<number> {
    if (place.is !== 'unix') return openListening(place);
    const [fd] = (await this.hands.run('listen', place, { about: place.path })).fds;
    if (fd === undefined) throw new Error(`${place.path}: no socket was made`);
    return fd;
  }

  /** Ends the hands, and what they are at. May be called twice. */
  close(): void {
    this.hands.close();
  }
}

/** @returns whether the program that was to do it has, or a hand in its place. Rejects as the errand does. */
async function isDone(errand: Promise<unknown>): Promise<boolean> {
  try {
    await errand;
    return true;
  } catch (error) {
    if (error instanceof NotDoneByProgram) return false;
    throw error;
  }
}
