import { fstatSync, ftruncateSync } from 'node:fs';
import { faultPoint } from '../../sys/fault';
import { inputOf, moveIntoFileAside, setPipeSizeAside } from '../../sys/files/files';
import { type CopyContext, CopyInTurns } from './copy';
import type { CopyNote } from './copy-note';
import { HeldSign } from './held-sign';
import { KeptWriter, type Written } from './kept-writer';
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

/** How often files are looked at that may be too old. */
const LEAST_TIDY_MS = 100;
const MOST_TIDY_MS = 60_000;

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
  private readonly writer: KeptWriter;
  /** A take may be half-done: by a copier before this one, or by a turn that failed. */
  private isBroken = true;
  private isBusy = false;
  /** Of a writer that was there since we are, a poll tells when it goes; of one that had gone before (a copier that goes on with what it left) it never does: `fifo_open` in fs/pipe.c. */
  private hasHadWriter = false;
  /** The same trouble is told of once. */
  private trouble = '';
  /** How long it rests the next time that a reader holds it up. */
  private heldMs = HELD_MS;
  private readonly heldSign: HeldSign;
  /** When files are looked at next that may be too old: of Date.now(). */
  private tidyAtMs = 0;
  /** Files before this one have been told of as to be packed. */
  private packedBefore = 0;

  constructor(
    private readonly parts: KeptParts,
    context: CopyContext,
  ) {
    super(context, { fifoFd: parts.fifoFd, fds: [parts.stagedFd], note: parts.note });
    this.writer = new KeptWriter(parts, context, () => { this.heldMs = HELD_MS; });
    this.heldSign = new HeldSign(parts.kept.output.holdsDir, `${parts.kept.stream}-${fstatSync(parts.stagedFd).ino}`);
    this.begin();
  }

  override close(onClosed?: () => void): void {
    this.writer.files.release();
    super.close(onClosed);
    // One that goes on with what is staged says it again.
    this.heldSign.say(false);
  }

  protected turn(): void {
    const { size } = fstatSync(this.parts.stagedFd);
    if (size > 0) return this.write(size);
    // All of it was written, and the note was not told; but for what stands for nothing that was staged.
    if (this.isBroken && this.writer.isNoticeUnderWay) return this.tellDropped();
    if (this.isBroken) this.writer.clearNote();
    this.isBroken = false;
    this.stage();
  }

  private stage(): void {
    const { fifoFd, stagedFd } = this.parts;
    const input = this.hasHadWriter ? inputOf(fifoFd) : 'some';
    if (input !== 'some') return this.rested(input === 'ended');
    this.aside(moveIntoFileAside(fifoFd, stagedFd, this.context.scratch.chunk.length), (moved) => {
      this.hasHadWriter ||= moved === 'again';
      if (typeof moved !== 'number') return this.rested(moved === 'end');
      faultPoint('copier.kept.staged');
      this.write(moved);
    });
  }

  /** Nothing is there. @param hasEnded and nothing will be */
  private rested(hasEnded: boolean): void {
    const { fifoFd } = this.parts;
    const tellIn = this.writer.toTellIn(hasEnded || this.isAwaited);
    if (tellIn === 'now') return this.tellDropped();
    this.heldSign.say(false);
    if (hasEnded) return this.end();
    if (this.isTidyDue) return this.tidyAlone();
    // Who has asked while another thread looked means what has come since, too.
    if (this.isAwaited && inputOf(fifoFd) === 'some') return this.waiting.forTime(0);
    this.tellFlushed();
    const waits = [tellIn, this.msToTidy].filter((each) => each !== undefined);
    if (waits.length === 0) this.waiting.forInput(fifoFd);
    else this.waiting.forInputOr(fifoFd, Math.min(...waits));
  }

  /** @param size of what is staged */
  private write(size: number): void {
    if (!this.writer.files.claim()) return this.waiting.forTime(CLAIMED_MS);
    const recovered = this.recover(size);
    const outcome = recovered === 'all' ? this.writer.write(size) : recovered;
    if (outcome === 'held') return this.restHeld();
    if (outcome === 'full') return this.rest();
    this.clear();
    this.trouble = '';
    const goOn = (): void => { this.waiting.forTime(size >= HURRY_BYTES || this.isAwaited ? 0 : PAUSE_MS); };
    if (size < BUSY_BYTES || this.isBusy) return goOn();
    this.isBusy = true;
    // Where it is not allowed so much (pipe(7)): slower, no more.
    this.aside(setPipeSizeAside(this.parts.fifoFd, BUSY_PIPE_BYTES), goOn);
  }

  /** Nothing is staged, and so all that the note tells of has been written. */
  private clear(): void {
    faultPoint('copier.kept.before-clear');
    ftruncateSync(this.parts.stagedFd, 0);
    faultPoint('copier.kept.cleared');
    this.writer.clearNote();
    faultPoint('copier.kept.finished');
    if (this.isTidyDue) this.tidy();
    this.packBefore();
    this.writer.files.release();
  }

  /** Files before the one that is written to now. */
  private packBefore(): void {
    const { output } = this.parts.kept;
    const { number } = this.writer.files.end;
    if (output.compress !== true || number === this.packedBefore) return;
    this.packedBefore = number;
    this.context.packer.soon(output.dir, this.writer.files.series);
  }

  /** Finishes what was begun before, where it may be half-done. */
  private recover(size: number): Written {
    const recovered = this.isBroken ? this.writer.recover(size) : 'all';
    if (recovered === 'all') this.isBroken = false;
    return recovered;
  }

  /** With nothing staged: a turn that tells of lines that were dropped. */
  private tellDropped(): void {
    if (!this.writer.files.claim()) return this.waiting.forTime(CLAIMED_MS);
    const recovered = this.recover(0);
    const written = recovered === 'all' && this.writer.hasDropped ? this.writer.writeNotice(0) : recovered;
    if (written === 'held') return this.restHeld();
    if (written === 'full') return this.rest();
    this.clear();
    this.waiting.forTime(0);
  }

  /** Undefined: nothing of it is ever too old. */
  private get msToTidy(): number | undefined {
    return this.parts.kept.output.maxAgeMs === undefined ? undefined : Math.max(1, this.tidyAtMs - Date.now());
  }

  private get isTidyDue(): boolean {
    const { maxAgeMs } = this.parts.kept.output;
    // The later time: a clock that was set back.
    return maxAgeMs !== undefined && (Date.now() >= this.tidyAtMs || this.tidyAtMs > Date.now() + MOST_TIDY_MS);
  }

  private tidy(): void {
    const { maxAgeMs } = this.parts.kept.output;
    if (maxAgeMs === undefined) return;
    this.writer.files.removeOlder(Date.now() - maxAgeMs);
    this.tidyAtMs = Date.now() + Math.min(MOST_TIDY_MS, Math.max(LEAST_TIDY_MS, maxAgeMs / 4));
  }

  private tidyAlone(): void {
    if (!this.writer.files.claim()) return this.waiting.forTime(CLAIMED_MS);
    this.tidy();
    this.writer.files.release();
    this.waiting.forTime(0);
  }

  /** The disk is full, and nothing of ours is left to remove: the process waits. The directory stays claimed, so that no line is cut. */
  private rest(): void {
    this.isBroken = true;
    this.tell(new Error('there is no room on the disk'));
    this.waiting.forTime(RETRY_MS);
  }

  /** A reader has not read yet what would have to go: the process waits for it, as at a full pipe. Others may write meanwhile, as far as there is room. */
  private restHeld(): void {
    this.writer.files.release();
    this.heldSign.say(true);
    this.waiting.forTime(this.heldMs);
    this.heldMs = Math.min(MOST_HELD_MS, this.heldMs * 2);
  }

  private tell(error: Error): void {
    if (this.trouble !== error.message) this.context.onError(error);
    this.trouble = error.message;
  }

  protected failed(error: unknown): void {
    this.tell(error instanceof Error ? error : new Error(String(error)));
    this.isBroken = true;
    this.writer.files.release();
    this.waiting.forTime(RETRY_MS);
  }
}
