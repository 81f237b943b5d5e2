import { close, closeSync } from 'node:fs';
import type { Poller, Watch } from '../../sys/poller';
import type { WallClock } from '../../sys/wall-clock';
import type { CopyNote } from './copy-note';
import type { Packer } from './packer';
import type { Pipes } from './pipes';

/** What a copy works with; all of it belongs to the copy. */
export interface CopyParts {
  /** The copier's end of what the process was given. */
  readonly fifoFd: number;
  readonly stagedFd: number;
  /** The client's file or device, open one way, non-blocking. */
  readonly fileFd: number;
  readonly isPlainFile: boolean;
  readonly note: CopyNote;
}

export interface CopyContext {
  readonly poller: Poller;
  readonly scratch: Scratch;
  /** Called once, when everything has been let go; not after close(). */
  readonly onEnd: () => void;
  readonly onError: (error: unknown) => void;
  readonly clock: WallClock;
  readonly packer: Pick<Packer, 'soon'>;
}

/** What all copies of a process use in turn: nothing stays in it from one turn to the next. */
export interface Scratch {
  readonly buffer: Buffer;
  /** For a chunk of output that is kept, */
  readonly chunk: Buffer;
  /** and for what it becomes, as far as it fits. */
  readonly encoded: Buffer;
  /** Pipes that hold as much as the buffer. */
  readonly pipes: Pipes;
  readonly nullFd: number;
}

export interface Copy {
  /** Calls back when all that is there now has been passed on, or the copy has ended. */
  flush(onFlushed: () => void): void;
  /** Stops between two chunks, and lets go of everything. May be called twice. @param onClosed called once it has, which a pipe that is locked puts off */
  close(onClosed?: () => void): void;
}

/** Waits for one thing at a time. */
export class Waiting {
  private watch: Watch | undefined;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  constructor(
    private readonly poller: Poller,
    private readonly go: () => void,
  ) {}

  forInput(fd: number): void {
    this.stop();
    this.watch = this.poller.watch(fd, { in: true }, () => this.resume());
  }

  /** @param ms it goes on then, too */
  forInputOr(fd: number, ms: number): void {
    this.forInput(fd);
    this.timer = setTimeout(() => this.resume(), ms);
  }

  forRoom(fd: number): void {
    this.stop();
    this.watch = this.poller.watch(fd, { out: true }, () => this.resume());
  }

  /** @param ms 0: until everybody else has had a turn */
  forTime(ms: number): void {
    this.stop();
    if (ms === 0) this.immediate = setImmediate(() => this.resume());
    else this.timer = setTimeout(() => this.resume(), ms);
  }

  stop(): void {
    this.watch?.close();
    this.watch = undefined;
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
  }

  private resume(): void {
    this.stop();
    this.go();
  }
}

/** What all copies have in common: one turn after the other, who is to be told that all has been passed on, and an end, once. */
export abstract class CopyInTurns implements Copy {
  protected readonly waiting: Waiting;
  private readonly flushing: (() => void)[] = [];
  private readonly onClosed: (() => void)[] = [];
  private hasEnded = false;
  /** A thread is at work with what belongs to this copy. */
  private isAside = false;

  /** @param owned closed at the end; `begin()` has the first turn */
  protected constructor(
    protected readonly context: CopyContext,
    private readonly owned: { readonly fifoFd: number; readonly fds: readonly number[]; readonly note: CopyNote },
  ) {
    this.waiting = new Waiting(context.poller, () => this.begin());
  }

  /** Does some of the work, and says what the next turn waits for, or ends. */
  protected abstract turn(): void;

  /** A turn has thrown: says what comes next. */
  protected abstract failed(error: unknown): void;

  flush(onFlushed: () => void): void {
    if (this.hasEnded) return onFlushed();
    this.flushing.push(onFlushed);
    this.waiting.forTime(0);
  }

  close(onClosed?: () => void): void {
    if (onClosed !== undefined) this.onClosed.push(onClosed);
    const isFirst = !this.hasEnded;
    this.hasEnded = true;
    this.waiting.stop();
    if (this.isAside) return;
    if (isFirst) this.letGo();
    else this.tellClosed();
  }

  protected begin(): void {
    if (!this.hasEnded && !this.isAside) this.attempt(() => { this.turn(); });
  }

  /**
   * Waits for another thread, without a turn meanwhile, and goes on with what it brings. Until then nothing is let go.
   * @param closed instead of `goOn`, where the copy has been closed meanwhile; it may go aside again for what is not to be left half-done
   */
  protected aside<T>(work: Promise<T>, goOn: (result: T) => void, closed?: (result: T) => void): void {
    this.waiting.stop();
    this.isAside = true;
    const settle = (next: () => void, instead: () => void): void => {
      this.isAside = false;
      if (!this.hasEnded) return this.attempt(next);
      this.attempt(instead);
      if (!this.isAside) this.letGo();
    };
    work.then(
      (result) => { settle(() => { goOn(result); }, () => { closed?.(result); }); },
      (error: unknown) => { settle(() => { this.failed(error); }, () => undefined); },
    );
  }

  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      // One that has been closed is left as it is: who goes on with it finds out.
      if (!this.hasEnded) this.failed(error);
    }
  }

  private letGo(): void {
    const { fifoFd, fds, note } = this.owned;
    // On another thread: it takes the FIFO's lock (see moveIntoFileAside).
    close(fifoFd, () => undefined);
    for (const fd of fds) closeSync(fd);
    note.close();
    this.tellFlushed();
    this.tellClosed();
  }

  private tellClosed(): void {
    for (const tell of this.onClosed.splice(0)) tell();
  }

  /** It ends as soon as nothing of it is aside. */
  protected get isClosed(): boolean {
    return this.hasEnded;
  }

  /** Whether somebody waits for all to have been passed on. */
  protected get isAwaited(): boolean {
    return this.flushing.length > 0;
  }

  protected tellFlushed(): void {
    for (const tell of this.flushing.splice(0)) tell();
  }

  protected end(): void {
    this.close();
    this.context.onEnd();
  }
}
