import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { faultPoint } from '../../sys/fault';
import { inputOf, moveAside, moveSome, readSome, teeAside, unreadBytes, writeSome } from '../../sys/files/files';
import { type CopyContext, CopyInTurns, type CopyParts } from './copy';

/** A chunk of so much comes from somebody who writes without a pause: on to the next. */
const BUSY_BYTES = 128 * 1024;

/** Else what comes within this time is taken together, as a chunk costs some 30 µs however little is in it. */
const PAUSE_MS = 2;

/** How long a copy rests that has failed in a way that nothing should. */
const RETRY_MS = 1000;

/** How far behind its place a chunk is looked for, where others have appended to the file at the same time. */
const SEARCH_BYTES = 1024 * 1024;

/**
 * Appends what comes out of a FIFO to a file, each byte once, whoever is killed when. A chunk stays in the FIFO until it is in the file: it is
 * read from a second pipe that shares its pages (tee(2)). Then it is moved on to `staged`, and struck out there. So it can be told afterwards how
 * far a dead copier was:
 *
 * - the note has a length, and `staged` is empty: the file tells whether the FIFO's first bytes have been written;
 * - `staged` is not empty: what is in it has been written.
 *
 * Not splice(2) from FIFO to file: it refuses files open for appending, and keeps the FIFO's lock while the file hangs, and with it
 * everybody who looks at the FIFO. Whoever writes to it may do that (see moveIntoFileAside): so what takes its lock is done on another thread.
 */
export class OutputCopy extends CopyInTurns {
  /** A chunk may be half-done: by a copier before this one, or by a turn that failed. */
  private isBroken = true;
  /** See KeptCopy: of a writer that has gone before we came, a poll never tells. */
  private hasHadWriter = false;
  /** A disk that is full is told of once until it is not. */
  private refused = false;

  constructor(
    private readonly parts: CopyParts,
    context: CopyContext,
  ) {
    super(context, { fifoFd: parts.fifoFd, fds: [parts.stagedFd, parts.fileFd], note: parts.note });
    this.begin();
  }

  protected turn(): void {
    if (!this.isBroken) return this.take();
    this.recover(() => {
      this.isBroken = false;
      this.take();
    });
  }

  private take(): void {
    const { fifoFd } = this.parts;
    const input = this.hasHadWriter ? inputOf(fifoFd) : 'some';
    if (input !== 'some') return this.rested(input === 'ended');
    this.peek(fifoFd, this.context.scratch.buffer.length, (chunk) => {
      this.hasHadWriter ||= chunk === 'again';
      if (typeof chunk === 'string') return this.rested(chunk === 'end');
      const { length } = chunk;
      const written = this.append(chunk);
      if (written === 'again') return this.waiting.forRoom(this.parts.fileFd);
      this.strikeOut(written, () => { this.waiting.forTime(length >= BUSY_BYTES || this.isAwaited ? 0 : PAUSE_MS); });
    });
  }

  /** Nothing is there. @param hasEnded and nothing will be */
  private rested(hasEnded: boolean): void {
    if (hasEnded) return this.end();
    // Who has asked while another thread looked means what has come since, too.
    if (this.isAwaited && inputOf(this.parts.fifoFd) === 'some') return this.waiting.forTime(0);
    this.tellFlushed();
    this.waiting.forInput(this.parts.fifoFd);
  }

  /** @param goOn given the first bytes of what is there, valid until it returns */
  private peek(from: number, most: number, goOn: (chunk: Buffer | 'again' | 'end') => void): void {
    const { buffer, pipes } = this.context.scratch;
    const pipe = pipes.take();
    const teed = teeAside(from, pipe.writeFd, Math.min(most, buffer.length)).catch((error: unknown) => {
      pipes.discard(pipe);
      throw error;
    });
    this.aside(
      teed,
      (count) => {
        if (typeof count === 'number') readAll(pipe.readFd, buffer.subarray(0, count));
        pipes.giveBack(pipe);
        goOn(typeof count === 'number' ? buffer.subarray(0, count) : count);
      },
      () => { pipes.discard(pipe); },
    );
  }

  private append(chunk: Buffer): number | 'again' {
    const { fileFd, isPlainFile, note } = this.parts;
    if (isPlainFile) note.progress = { position: fstatSync(fileFd).size, length: chunk.length };
    faultPoint('copier.output.before-write');
    const written = this.write(chunk);
    faultPoint('copier.output.written');
    if (typeof written === 'number') this.refused &&= written === chunk.length;
    return written;
  }

  // What the system refuses (a full disk) is dropped, as it is by a program that writes there itself: to wait would
  // block the container.
  private write(chunk: Buffer): number | 'again' {
    try {
      const written = writeSome(this.parts.fileFd, chunk, 0, chunk.length);
      if (written !== 'broken') return written;
      this.refuse(new Error('the other side is closed'));
    } catch (error) {
      this.refuse(error);
    }
    return chunk.length;
  }

  private refuse(error: unknown): void {
    if (!this.refused) this.context.onError(error);
    this.refused = true;
  }

  /** The FIFO's first bytes are in the file: that is carried through, also where the copy is closed meanwhile. */
  private strikeOut(count: number, goOn: () => void): void {
    const { fifoFd, stagedFd, note } = this.parts;
    const { position } = note.progress;
    const move = (left: number): void => {
      if (left === 0) return this.struckOut(position + count, goOn);
      const moved = (bytes: number | 'again' | 'end'): void => {
        if (typeof bytes === 'number') return move(left - bytes);
        if (unreadBytes(stagedFd) === 0) throw new Error('the FIFO holds less than was read from it');
        // Full: it holds less than the FIFO (pipe(7), pipe-user-pages-soft). What is left is as a chunk of its own.
        note.progress = { position: position + count - left, length: left };
        this.emptyStaged();
        move(left);
      };
      this.aside(moveAside(fifoFd, stagedFd, left), moved, moved);
    };
    move(count);
  }

  private struckOut(position: number, goOn: () => void): void {
    faultPoint('copier.output.moved');
    this.parts.note.progress = { position, length: 0 };
    faultPoint('copier.output.noted');
    this.emptyStaged();
    if (!this.isClosed) goOn();
  }

  private emptyStaged(): void {
    const { stagedFd } = this.parts;
    for (let left = unreadBytes(stagedFd); left > 0; ) {
      const moved = moveSome(stagedFd, this.context.scratch.nullFd, left);
      if (typeof moved !== 'number') return;
      left -= moved;
    }
  }

  /** Goes on where a copier was killed in the middle of a chunk. */
  private recover(goOn: () => void): void {
    const { note, isPlainFile, stagedFd, fifoFd } = this.parts;
    const { position, length } = note.progress;
    const staged = unreadBytes(stagedFd);
    const forget = (): void => {
      note.progress = { position: 0, length: 0 };
      this.emptyStaged();
      goOn();
    };
    if (length <= staged || !isPlainFile) return forget();
    this.peeked(staged, stagedFd, (first) => {
      this.peeked(length - staged, fifoFd, (rest) => {
        const written = this.writtenOf(Buffer.concat([first, rest]), position);
        if (written > staged) this.strikeOut(written - staged, goOn);
        else forget();
      });
    });
  }

  private peeked(length: number, from: number, goOn: (bytes: Buffer) => void): void {
    if (length === 0) return goOn(Buffer.alloc(0));
    this.peek(from, length, (bytes) => { goOn(Buffer.from(typeof bytes === 'string' ? '' : bytes)); });
  }

  /** How much of the chunk is in the file, which was `size` bytes long before it was written. */
  private writtenOf(chunk: Buffer, size: number): number {
    // Ours is open for writing alone.
    const fd = openSync(`/proc/self/fd/${this.parts.fileFd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(chunk.length + SEARCH_BYTES);
      const tail = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, size));
      if (tail.includes(chunk)) return chunk.length;
      let same = 0;
      while (same < tail.length && tail[same] === chunk[same]) same += 1;
      return same;
    } finally {
      closeSync(fd);
    }
  }

  protected failed(error: unknown): void {
    // To end here would leave the process waiting for ever at a full FIFO.
    this.context.onError(error);
    this.isBroken = true;
    this.waiting.forTime(RETRY_MS);
  }
}

/** Exactly so many bytes, which are there. */
function readAll(pipeFd: number, into: Buffer): void {
  for (let got = 0; got < into.length; ) {
    const more = readSome(pipeFd, into.subarray(got));
    if (typeof more !== 'number') throw new Error('the scratch pipe holds less than was put into it');
    got += more;
  }
}
