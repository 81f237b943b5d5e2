import { readSync } from 'node:fs';
import { faultPoint } from '../../sys/fault';
import { moveAside, readSome, roomOf, unreadBytes, writeSome } from '../../sys/files/files';
import { type CopyContext, CopyInTurns, type CopyParts } from './copy';

/** What an empty pipe of the usual size takes in one write. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Passes a file on into a FIFO, each byte once, whoever is killed when: a chunk is staged in a second pipe, the note says that it is, and
 * then it is moved (splice(2)). At the file's end all write ends are closed, and the process sees the end of its input.
 * Not splice(2) from the file: it keeps the FIFO's lock while the file hangs. Whoever reads it may do that (`iter_file_splice_write` in fs/splice.c): so it is moved on another thread.
 */
export class InputCopy extends CopyInTurns {
  /** Where in the file the next chunk is. */
  private position: number;

  constructor(
    private readonly parts: CopyParts,
    context: CopyContext,
  ) {
    super(context, { fifoFd: parts.fifoFd, fds: [parts.stagedFd, parts.fileFd], note: parts.note });
    const { position, length } = parts.note.progress;
    this.position = position + (length > 0 ? length : unreadBytes(parts.stagedFd));
    this.begin();
  }

  /** Nobody waits for input. */
  override flush(onFlushed: () => void): void {
    onFlushed();
  }

  protected turn(): void {
    const { stagedFd, fifoFd } = this.parts;
    const left = unreadBytes(stagedFd);
    if (left === 0) {
      if (this.stage()) this.waiting.forTime(0);
      return;
    }
    this.aside(moveAside(stagedFd, fifoFd, left), (moved) => {
      if (typeof moved === 'number') this.turn();
      else if (roomOf(fifoFd) === 'broken') this.end();
      else this.waiting.forRoom(fifoFd);
    });
  }

  protected failed(error: unknown): void {
    this.context.onError(error);
    this.end();
  }

  /** @returns whether something is staged now */
  private stage(): boolean {
    const { note, stagedFd } = this.parts;
    note.progress = { position: this.position, length: 0 };
    const chunk = this.context.scratch.buffer.subarray(0, CHUNK_BYTES);
    const count = this.read(chunk);
    if (count === 'again') {
      this.waiting.forInput(this.parts.fileFd);
      return false;
    }
    if (count === 0) {
      note.finish();
      this.end();
      return false;
    }
    if (writeSome(stagedFd, chunk, 0, count) !== count) throw new Error('the staging pipe holds less than a chunk');
    faultPoint('copier.input.staged');
    note.progress = { position: this.position, length: count };
    faultPoint('copier.input.noted');
    this.position += count;
    return true;
  }

  private read(into: Buffer): number | 'again' {
    const { fileFd, isPlainFile } = this.parts;
    if (isPlainFile) return readSync(fileFd, into, 0, into.length, this.position);
    const count = readSome(fileFd, into);
    return count === 'end' || count === 'hungUp' ? 0 : count;
  }
}
