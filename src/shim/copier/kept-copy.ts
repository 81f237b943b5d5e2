import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { encodeCri } from '../../runtime/kept-output/cri-format';
import { clearHeld, markHeld } from '../../runtime/kept-output/holds';
import { faultPoint } from '../../sys/fault';
import { moveIntoFile, setPipeSize } from '../../sys/files/files';
import { type CopyContext, CopyInTurns } from './copy';
import type { CopyNote, Take } from './copy-note';
import { KeptFiles } from './kept-files';
import type { KeptStream } from './protocol';

/** What comes within this time is taken together: a chunk costs more than its bytes. */
const PAUSE_MS = 8;

/** The FIFO of somebody who writes much is made to hold so much, which lasts for twice that time at 60 MB a second. Others' stays small. */
const BUSY_PIPE_BYTES = 1024 * 1024;

/** A chunk of so much comes from somebody who writes much. */
const BUSY_BYTES = 128 * 1024;
/** … and one of so much from somebody who might have to wait for us: on to the next, without a pause. */
const HURRY_BYTES = 512 * 1024;

/** How long another stream, or another shim's copier, may have the directory before it is asked for again. */
const CLAIMED_MS = 2;

/** How long a copy rests that has failed: with a disk that is full, or in a way that nothing should. */
const RETRY_MS = 1000;

/** How long a copy rests that a reader holds up, first and at most: twice as long each time that nothing could be written. */
const HELD_MS = 2;
const MOST_HELD_MS = 100;

/** What a turn of writing came to: `held`: a reader has to read on first. */
type Written = 'all' | 'full' | 'held';

const NOTHING: Take = { from: 0, length: 0, file: 0, position: 0, timeNs: 0n };

/** What a copy of kept output works with; all of it belongs to the copy. */
export interface KeptParts {
  readonly fifoFd: number;
  /** A plain file. */
  readonly stagedFd: number;
  readonly note: CopyNote;
  readonly kept: KeptStream;
}

/**
 * Keeps what comes out of a FIFO in files, each byte once, whoever is killed when, also where nobody is left but the process that writes. A chunk is moved
 * into a plain file of the process's directory (splice(2): what has left the FIFO is in it, its size says how much), and stays there until it is in its place.
 * Before bytes are written, the note says which, where, and with which time. So they are made once more after a kill, and what is
 * missing of them is written: readers never see a byte go.
 */
export class KeptCopy extends CopyInTurns {
  private readonly files: KeptFiles;
  /** A take may be half-done: by a copier before this one, or by a turn that failed. */
  private isBroken = true;
  private isBusy = false;
  /** The same trouble is told of once. */
  private trouble = '';
  /** How long it rests the next time that a reader holds it up. */
  private heldMs = HELD_MS;
  /** Whether readers have been told that it waits for them. Undefined: a copier before this one may have. */
  private saysHeld: boolean | undefined;
  /** By what they are told: of this process's stream alone, whoever copies it. The next run's writes to the same directory. */
  private readonly heldName: string;

  constructor(
    private readonly parts: KeptParts,
    context: CopyContext,
  ) {
    super(context, { fds: [parts.fifoFd, parts.stagedFd], note: parts.note });
    this.files = new KeptFiles(parts.kept.output, parts.kept.stream);
    this.heldName = `${parts.kept.stream}-${fstatSync(parts.stagedFd).ino}`;
    this.begin();
  }

  override close(): void {
    this.files.release();
    super.close();
    // One that goes on with what is staged says it again.
    this.sayHeld(false);
  }

  protected turn(): void {
    const { fifoFd, stagedFd, note } = this.parts;
    let size = fstatSync(stagedFd).size;
    if (size === 0) {
      // All of it was written, and the note was not told.
      if (this.isBroken) note.take = NOTHING;
      this.isBroken = false;
      const moved = this.stage();
      if (moved === 'end') {
        this.sayHeld(false);
        return this.end();
      }
      if (moved === 'again') {
        this.sayHeld(false);
        this.tellFlushed();
        return this.waiting.forInput(fifoFd);
      }
      size = moved;
    }
    if (!this.files.claim()) return this.waiting.forTime(CLAIMED_MS);
    const written = this.isBroken ? this.recover(size) : 'all';
    const outcome = written === 'all' ? this.write(size) : written;
    if (outcome === 'held') return this.restHeld();
    if (outcome === 'full') return this.rest();
    this.clear();
    this.trouble = '';
    if (size >= BUSY_BYTES) this.enlarge();
    this.waiting.forTime(size >= HURRY_BYTES || this.isAwaited ? 0 : PAUSE_MS);
  }

  private stage(): number | 'again' | 'end' {
    const moved = moveIntoFile(this.parts.fifoFd, this.parts.stagedFd, 0, this.context.scratch.chunk.length);
    if (typeof moved === 'number') faultPoint('copier.kept.staged');
    return moved;
  }

  private enlarge(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      setPipeSize(this.parts.fifoFd, BUSY_PIPE_BYTES);
    } catch {
      // Not allowed so much (pipe(7)): slower, no more.
    }
  }

  private write(size: number): Written {
    const { note } = this.parts;
    let { from } = note.take;
    const staged = this.staged(from, size - from);
    for (let rest = staged; rest.length > 0; rest = staged.subarray(staged.length - (size - from))) {
      const timeNs = this.context.clock.nowNs();
      const { taken, bytes } = this.encode(rest, timeNs, this.files.room, this.files.isEmpty);
      if (taken === 0) {
        if (!this.rotate()) return 'held';
        continue;
      }
      const { number, position } = this.files.end;
      note.take = { from, length: taken, file: number, position, timeNs };
      faultPoint('copier.kept.noted');
      if (this.files.append(bytes) < bytes.length) return 'full';
      faultPoint('copier.kept.written');
      this.heldMs = HELD_MS;
      from += taken;
      // What comes last, the cleared file tells of.
      if (from < size) note.take = { from, length: 0, file: 0, position: 0, timeNs: 0n };
    }
    return 'all';
  }

  private rotate(): boolean {
    faultPoint('copier.kept.before-rotate');
    const isRotated = this.files.rotate();
    faultPoint('copier.kept.rotated');
    return isRotated;
  }

  /** Nothing is staged, and so all that the note tells of has been written. */
  private clear(): void {
    faultPoint('copier.kept.before-clear');
    ftruncateSync(this.parts.stagedFd, 0);
    faultPoint('copier.kept.cleared');
    this.parts.note.take = NOTHING;
    faultPoint('copier.kept.finished');
    this.files.release();
  }

  /** Finishes what a copier was killed at, or a full disk has cut off. The directory is claimed. */
  private recover(size: number): Written {
    const { note } = this.parts;
    const { from, length, file, position, timeNs } = note.take;
    if (length > 0 && from + length <= size) {
      const { bytes } = this.encode(this.staged(from, length), timeNs, Infinity, true);
      const written = this.files.writtenOf(bytes, file, position);
      // A file that was removed had it. Where somebody else has gone on, the line comes in two pieces: nothing is lost.
      if (written !== undefined && written.length < bytes.length) {
        const rest = bytes.subarray(written.length);
        if (!written.isLast && this.files.room < rest.length && !this.rotate()) return 'held';
        if (this.files.append(rest) < rest.length) return 'full';
      }
      note.take = { from: from + length, length: 0, file: 0, position: 0, timeNs: 0n };
    }
    this.isBroken = false;
    return 'all';
  }

  private encode(from: Buffer, timeNs: bigint, room: number, isEmptyFile: boolean): { readonly taken: number; readonly bytes: Buffer } {
    const { stream, output } = this.parts.kept;
    if (output.format === 'raw') {
      const bytes = from.subarray(0, Math.min(room, from.length));
      return { taken: bytes.length, bytes };
    }
    const { encoded } = this.context.scratch;
    const { taken, length } = encodeCri(from, encoded, { stream, timeNs, room, isEmptyFile });
    return { taken, bytes: encoded.subarray(0, length) };
  }

  private staged(from: number, length: number): Buffer {
    const into = this.context.scratch.chunk.subarray(0, length);
    let count = 0;
    while (count < length) {
      const more = readSync(this.parts.stagedFd, into, count, length - count, from + count);
      if (more === 0) throw new Error('less is staged than was put there');
      count += more;
    }
    return into;
  }

  /** The disk is full, and nothing of ours is left to remove: the process waits. The directory stays claimed, so that no line is cut. */
  private rest(): void {
    this.isBroken = true;
    this.tell(new Error('there is no room on the disk'));
    this.waiting.forTime(RETRY_MS);
  }

  /** A reader has not read yet what would have to go: the process waits for it, as at a full pipe. Others may write meanwhile, as far as there is room. */
  private restHeld(): void {
    this.files.release();
    this.sayHeld(true);
    this.waiting.forTime(this.heldMs);
    this.heldMs = Math.min(MOST_HELD_MS, this.heldMs * 2);
  }

  /** For readers, who are told of the process's end before they have come to the end of what it wrote. */
  private sayHeld(isHeld: boolean): void {
    const { holdsDir } = this.parts.kept.output;
    if (this.saysHeld === isHeld || holdsDir === undefined) return;
    if (isHeld) markHeld(holdsDir, this.heldName);
    else clearHeld(holdsDir, this.heldName);
    this.saysHeld = isHeld;
  }

  private tell(error: Error): void {
    if (this.trouble !== error.message) this.context.onError(error);
    this.trouble = error.message;
  }

  protected failed(error: unknown): void {
    this.tell(error instanceof Error ? error : new Error(String(error)));
    this.isBroken = true;
    this.files.release();
    this.waiting.forTime(RETRY_MS);
  }
}
