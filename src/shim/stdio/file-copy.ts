import { closeSync, fstatSync } from 'node:fs';
import { betweenPaths, type StreamName } from '../../runtime/state-dir/between';
import { factsOf } from '../../sys/files/cached-name';
import { closeAside } from '../../sys/files/aside';
import { inputOf } from '../../sys/files/files';
import { CopyNote } from '../copier/copy-note';
import type { CopyEnds, KeptStream } from '../copier/protocol';
import type { CopyState, Keep } from '../handover/state';
import type { Lingerer } from './lingering';
import { type EndFlags, endFlags, fileOfHolder, keeperFlags, keptStreamOf, makeFifo, openBetween, openNote, type Stream } from './open-between';
import { enlarge, OUTPUT_PIPE_BYTES, reopen } from './stdio-path';

/** How many waits may have had no copier from their beginning to their end: where none can be started, the exit is told all the same. */
const MOST_ABSENCES = 10;

/** Who has a copier do it: see CopierPool. */
export interface Copiers {
  submit(copy: FileCopy): void;
  /** Resolves when what is there now has been passed on. */
  flush(copy: FileCopy): Promise<void>;
  /** Which copier is at work, by a number of its own; undefined while one that has died is being replaced. */
  atWork(copy: FileCopy): number | undefined;
  /** Ends the copy, as soon as its copier has let go of it. */
  drop(copy: FileCopy): void;
}

interface Descriptors {
  readonly fifoFd: number;
  readonly stagedFd: number;
  readonly fileFd: number;
  readonly note: CopyNote;
  readonly kept?: KeptStream | undefined;
}

/**
 * One stream of a process that goes to a plain file or device, or comes from one: the process has a FIFO of its directory, and a copier
 * (see copier/copier.ts) copies. So does one whose output is kept: what is said here of a file, is then said of a directory (see copier/kept-copy.ts). This side holds the copier's ends open, so that another copier can go on where one dies.
 *
 * Of an output it is a read end: the copy ends with the last writer. Of stdin it is a write end, until all has been passed on.
 */
export class FileCopy implements Lingerer {
  /** Resolves when there is nothing more to copy. */
  readonly ended: Promise<void>;
  /** Resolves when a copier has hold of it: from then on it goes on without this program. */
  readonly opened: Promise<void>;
  private hasEnded = false;
  private tellOpened: () => void = () => undefined;
  private tellEnded: () => void = () => undefined;

  private constructor(
    private readonly pool: Copiers,
    private readonly held: Descriptors,
    readonly direction: 'input' | 'output',
    /** Of a copy that was taken up from an older shim: unknown. */
    readonly stream: StreamName | undefined,
    /** For log lines. */
    readonly about: string,
  ) {
    this.ended = new Promise((resolve) => {
      this.tellEnded = resolve;
    });
    this.opened = new Promise((resolve) => {
      this.tellOpened = resolve;
    });
  }

  /**
   * For a new process: makes what stands between in its directory.
   * @param fileFd names the file, or of kept output a directory on its file system (O_PATH); belongs to the copy from now on, also when this throws
   * @returns `endFd`: the process's end, which the caller closes
   * @throws the system's error
   */
  static make(pool: Copiers, stream: Stream, fileFd: number, flags: EndFlags): { readonly copy: FileCopy; readonly endFd: number } {
    const opened: number[] = [fileFd];
    const isInput = stream.name === 'stdin';
    try {
      const paths = betweenPaths(stream.dir, stream.name);
      const kept = keptStreamOf(stream);
      makeFifo(paths.fifo);
      if (kept === undefined) makeFifo(paths.staged);
      const note = CopyNote.make(paths.note);
      opened.push(note.fd);
      const { stagedFd, bothFd } = openBetween(paths, kept, opened);
      if (!isInput) enlarge(bothFd, OUTPUT_PIPE_BYTES);
      if (!isInput && kept === undefined) enlarge(stagedFd, OUTPUT_PIPE_BYTES);
      const endFd = reopen(bothFd, endFlags(isInput, flags, kept));
      opened.push(endFd);
      const fifoFd = reopen(bothFd, keeperFlags(isInput));
      opened.push(fifoFd);
      const copy = new FileCopy(pool, { fifoFd, stagedFd, fileFd, note, kept }, isInput ? 'input' : 'output', stream.name, stream.about).begin();
      closeSync(bothFd);
      return { copy, endFd };
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
  }

  /**
   * For a process that runs already, and whose shim has died: goes on with what stands in its directory.
   * @param findFile names the file anew, where the copier that was at work cannot tell any more
   * @param flags absent: the process has its end
   * @param heldFifo gives this side's end of the FIFO, where somebody holds it, and so does not have it opened anew; the copy's from now on
   * @returns undefined where there is nothing (any more)
   */
  static resume(
    pool: Copiers, stream: Stream, findFile: () => number, flags: EndFlags | undefined, heldFifo?: () => number | undefined,
  ): { readonly copy: FileCopy; readonly endFd: number | undefined } | undefined {
    const paths = betweenPaths(stream.dir, stream.name);
    const note = openNote(paths.note);
    if (note === undefined) return undefined;
    const opened: number[] = [note.fd];
    const isInput = stream.name === 'stdin';
    try {
      if (note.isDone) {
        note.close();
        return undefined;
      }
      const kept = keptStreamOf(stream);
      const heldFd = flags === undefined ? heldFifo?.() : undefined;
      if (heldFd !== undefined) opened.push(heldFd);
      const { stagedFd, bothFd } = openBetween(paths, kept, opened, heldFd);
      // It is made anew where nobody had it open any more.
      if (!isInput && kept === undefined) enlarge(stagedFd, OUTPUT_PIPE_BYTES);
      const endFd = flags === undefined ? undefined : reopen(bothFd, endFlags(isInput, flags, kept));
      if (endFd !== undefined) opened.push(endFd);
      const fifoFd = heldFd ?? reopen(bothFd, keeperFlags(isInput));
      if (heldFd === undefined) opened.push(fifoFd);
      const fileFd = (kept === undefined ? fileOfHolder(note) : undefined) ?? findFile();
      opened.push(fileFd);
      const copy = new FileCopy(pool, { fifoFd, stagedFd, fileFd, note, kept }, isInput ? 'input' : 'output', stream.name, stream.about).begin();
      if (heldFd === undefined) closeSync(bothFd);
      return { copy, endFd };
    } catch (error) {
      for (const fd of opened) void closeAside(fd);
      throw error;
    }
  }

  /** See `handOver`. The copier of before lets go of the stream when the one that is asked now wants it. */
  static takeUp(pool: Copiers, { direction, stream, about, fifoFd, stagedFd, fileFd, noteFd, kept }: CopyState): FileCopy {
    return new FileCopy(pool, { fifoFd, stagedFd, fileFd, note: CopyNote.ofDescriptor(noteFd), kept }, direction, stream, about).begin();
  }

  /** Undefined where it has ended. */
  handOver(keep: Keep): ({ readonly kind: 'copy' } & CopyState) | undefined {
    if (this.hasEnded) return undefined;
    const { direction, stream, about } = this;
    const { fifoFd, stagedFd, fileFd, note, kept } = this.held;
    return { kind: 'copy', direction, stream, about, fifoFd: keep(fifoFd), stagedFd: keep(stagedFd), fileFd: keep(fileFd), noteFd: keep(note.fd), kept };
  }

  get isEnded(): boolean {
    return this.hasEnded;
  }

  get isKept(): boolean {
    return this.held.kept !== undefined;
  }

  /** What a copier is asked with. */
  get ends(): CopyEnds {
    const { fifoFd, stagedFd, fileFd, note, kept } = this.held;
    return { direction: this.direction, shimPid: process.pid, fifoFd, stagedFd, fileFd, noteFd: note.fd, kept };
  }

  /** Which file system the file is on. */
  get device(): string {
    return factsOf(this.held.fileFd).device;
  }

  /**
   * Resolves when all that has been written until now is in the file, at once for stdin, or when the copier has taken
   * nothing for `stallMs`: its file system hangs, or is very slow. One that has died and is being replaced takes nothing either, and is waited for
   * a while: that is no fault of the file's.
   */
  async flush(stallMs: number): Promise<void> {
    if (this.hasEnded || this.direction === 'input') return;
    let isFlushed = false;
    const flushed = this.pool.flush(this).then(() => {
      isFlushed = true;
    });
    let absences = 0;
    let last = this.pool.atWork(this);
    for (let before = -1; !isFlushed && !this.hasEnded; ) {
      const { progress } = this;
      const now = this.pool.atWork(this);
      if (progress === before && ((now !== undefined && now === last) || ++absences === MOST_ABSENCES)) return;
      [before, last] = [progress, now];
      let timer: NodeJS.Timeout | undefined;
      const stall = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stallMs);
      });
      await Promise.race([flushed, this.ended, stall]);
      clearTimeout(timer);
    }
  }

  /** The copier says that it has opened everything. */
  isOpened(): void {
    this.tellOpened();
  }

  /** The copier says that it has ended, or there can be none. */
  over(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const { fifoFd, stagedFd, fileFd, note } = this.held;
    void closeAside(fifoFd);
    for (const fd of [stagedFd, fileFd]) closeSync(fd);
    note.close();
    this.tellOpened();
    this.tellEnded();
  }

  isOver(): boolean {
    return this.hasEnded;
  }

  /** As a lingerer: what waits for the file, or undefined. */
  get taken(): number | undefined {
    if (this.hasEnded) return undefined;
    const { fifoFd, stagedFd, kept } = this.held;
    const waits = inputOf(fifoFd) === 'some' || (kept !== undefined && fstatSync(stagedFd).size > 0);
    return waits ? this.progress : undefined;
  }

  /** Has the copier stop; output that is not in the file is lost. */
  close(): void {
    this.pool.drop(this);
  }

  /**
   * A figure that changes with each chunk that the copier takes, by what is staged and noted, and not by what is in the FIFO: of that
   * nobody may ask here, whom a writer that hangs would have wait (see moveIntoFileAside). Its copier asks on another thread.
   */
  private get progress(): number {
    const { stagedFd, note, kept } = this.held;
    if (kept === undefined) return note.progress.position + note.progress.length;
    return fstatSync(stagedFd).size + Number(note.take.timeNs % 1_000_000_000_000n);
  }

  private begin(): this {
    this.pool.submit(this);
    return this;
  }
}
