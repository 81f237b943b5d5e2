import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import type { PipeEnd } from '../../runtime/shim-protocol';
import { O_PATH } from '../../sys/files/cached-name';
import { closeAside, moveInLane } from '../../sys/files/aside';
import { createPipe, inputOf, roomOf } from '../../sys/files/files';
import type { Poller, Watch } from '../../sys/poller';
import { readProcStat } from '../../sys/process/process';
import type { InputPipeState, Keep } from '../handover/state';
import { reopen } from './stdio-path';

const CHUNK_BYTES = 64 * 1024;

export interface InputPipeOptions {
  readonly poller: Poller;
  readonly onError: (error: unknown) => void;
}

/**
 * The stdin of a process whose client closes it by a call of its own (CloseIO): an anonymous pipe, into which is moved what comes out of the
 * client's FIFO. With the FIFO itself, a program that opens /dev/stdin by its name after that call would wait for a writer (fifo(7)); a pipe without a
 * name has an end that everybody sees.
 *
 * splice(2) moves: each byte is in one of the two, whoever is killed, and the daemon holds a second write end and the FIFO.
 */
export class InputPipe {
  /** Resolves when the process has, or will have, all that ever comes, and this program has let go of both. */
  readonly ended: Promise<void>;
  private tellEnded: () => void = () => undefined;
  private watch: Watch | undefined;
  private awaited: 'input' | 'room' | undefined;
  private hasEnded = false;
  /** Meanwhile neither end may be closed: its number could be another's. */
  private isMoving = false;
  /** An end to be closed when nothing is moved. */
  private oldFd: number | undefined;

  private constructor(
    private readonly options: InputPipeOptions,
    private fromFd: number,
    private readonly writeFd: number,
    private isClosing: boolean,
  ) {
    this.ended = new Promise((resolve) => {
      this.tellEnded = resolve;
    });
  }

  /**
   * For a new process. @param keeperFd of the client's FIFO, open for reading and writing; belongs to the pipe from now on
   * @returns `endFd`: the process's end, which blocks; the caller closes it
   * @throws the system's error; the keeper is the caller's then
   */
  static make(options: InputPipeOptions, keeperFd: number): { readonly input: InputPipe; readonly endFd: number } {
    const { readFd, writeFd } = createPipe();
    try {
      const endFd = reopen(readFd, constants.O_RDONLY);
      return { input: InputPipe.resume(options, keeperFd, writeFd), endFd };
    } catch (error) {
      closeSync(writeFd);
      throw error;
    } finally {
      closeSync(readFd);
    }
  }

  /** Goes on with a pipe that the process has already; both descriptors belong to this object from now on. */
  static resume(options: InputPipeOptions, keeperFd: number, writeFd: number): InputPipe {
    return new InputPipe(options, keeperFd, writeFd, false).begin();
  }

  /** See `handOver`. */
  static takeUp(options: InputPipeOptions, { fromFd, writeFd, isClosing }: InputPipeState): InputPipe {
    return new InputPipe(options, fromFd, writeFd, isClosing).begin();
  }

  handOver(keep: Keep): InputPipeState | undefined {
    const { fromFd, writeFd, isClosing } = this;
    return this.hasEnded ? undefined : { fromFd: keep(fromFd), writeFd: keep(writeFd), isClosing };
  }

  /** The client's FIFO, likewise: open for reading alone once it has been told to close. */
  get fifoFd(): number | undefined {
    return this.hasEnded ? undefined : this.fromFd;
  }

  /** The write end, for the daemon to hold too; undefined once it has been let go of. */
  get end(): PipeEnd | undefined {
    return this.hasEnded ? undefined : pipeEndOf(this.writeFd);
  }

  /** Stops holding the FIFO open for writing: the pipe's end comes once its clients have closed it, and all of it has been moved. May come twice. */
  closeStdin(): void {
    if (this.hasEnded || this.isClosing) return;
    const fd = reopen(this.fromFd, constants.O_RDONLY | constants.O_NONBLOCK);
    this.unwatch();
    if (this.isMoving) this.oldFd = this.fromFd;
    else void closeAside(this.fromFd);
    this.fromFd = fd;
    this.isClosing = true;
    // A reader that comes after the last writer is not told of a hang-up (fs/pipe.c, pipe_poll): it has to look.
    this.move();
  }

  /** Lets go of everything at once; what is in the FIFO stays there. May be called twice. */
  close(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.unwatch();
    if (!this.isMoving) this.letGo();
  }

  private begin(): this {
    if (this.isClosing) this.move();
    else this.await('input');
    return this;
  }

  /** As long as there is something, and room; on another thread, as the process may read with its pipe's lock for as long as a disk hangs. */
  private move(hasHungUp = false): void {
    if (this.isMoving) return;
    // A full pipe says "again" at the end of the input, too.
    if (hasHungUp && inputOf(this.fromFd) !== 'some') return this.close();
    this.unwatch();
    this.isMoving = true;
    moveInLane(this.fromFd, this.writeFd, CHUNK_BYTES).then(
      (moved) => {
        this.isMoving = false;
        this.goOn(moved);
      },
      (error: unknown) => {
        this.isMoving = false;
        this.options.onError(error);
        this.closeOld();
        // Whoever has closed it meanwhile has left both ends to this.
        if (this.hasEnded) this.letGo();
        else this.close();
      },
    );
  }

  private goOn(moved: number | 'again' | 'end'): void {
    // What was at its end may have been the FIFO as it was open before.
    const isOfOld = this.oldFd !== undefined;
    this.closeOld();
    if (this.hasEnded) this.letGo();
    else if ((moved === 'end' && !isOfOld) || roomOf(this.writeFd) === 'broken') this.close();
    else if (moved !== 'again' || isOfOld) this.move();
    else this.await(inputOf(this.fromFd) === 'some' ? 'room' : 'input');
  }

  private closeOld(): void {
    if (this.oldFd !== undefined) void closeAside(this.oldFd);
    this.oldFd = undefined;
  }

  private letGo(): void {
    void Promise.all([closeAside(this.fromFd), closeAside(this.writeFd)]).then(() => { this.tellEnded(); });
  }

  private await(what: 'input' | 'room'): void {
    if (this.awaited === what) return;
    this.unwatch();
    const { poller } = this.options;
    this.watch =
      what === 'room'
        ? poller.watch(this.writeFd, { out: true }, () => { this.move(); })
        : poller.watch(this.fromFd, { in: true }, ({ hup }) => { this.move(hup); });
    this.awaited = what;
  }

  private unwatch(): void {
    this.watch?.close();
    this.watch = undefined;
    this.awaited = undefined;
  }
}

/** A pipe's descriptor, and how whoever duplicates it knows that it is the one. */
export function pipeEndOf(fd: number): PipeEnd {
  return { fd, inode: fstatSync(fd).ino };
}

/**
 * The write end of the anonymous pipe that is a process's stdin: where nobody has held it. Undefined where there is none, or the process is gone. What
 * it is gets decided on an O_PATH descriptor, as whatever the process has there may lie anywhere.
 */
export function inputPipeOf(pid: number, starttime: string): number | undefined {
  let nameFd: number | undefined;
  try {
    nameFd = openSync(`/proc/${pid}/fd/0`, O_PATH);
    const isPipe = readlinkSync(`/proc/self/fd/${nameFd}`).startsWith('pipe:[');
    return isPipe && readProcStat(pid)?.starttime === starttime ? reopen(nameFd, constants.O_WRONLY | constants.O_NONBLOCK) : undefined;
  } catch {
    return undefined;
  } finally {
    if (nameFd !== undefined) closeSync(nameFd);
  }
}
