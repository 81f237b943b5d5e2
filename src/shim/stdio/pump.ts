import { SysError } from '../../sys/errors';
import { readSome, writeSome } from '../../sys/files/files';
import type { Poller, Watch } from '../../sys/poller';
import type { PumpState } from '../handover/state';
import { comesSoon } from './more-input';

/** Descriptors belong to the caller, and must not block; plain files and devices that never make one wait will do. */
export interface PumpOptions {
  readonly fromFd: number;
  readonly toFd: number;
  /** May be shared by any number of pumps: nothing stays in it from one turn to the next. */
  readonly buffer: Buffer;
  /** Whether it is read from a terminal's master. */
  readonly fromTerminal?: boolean;
  /** Called once, when there is nothing more to copy or nobody to take it; not after close(). */
  readonly onEnd: () => void;
  /** What could not be written (a full disk) and was dropped, or why reading ended. */
  readonly onError: (error: unknown) => void;
  /** Where the program that this one has taken the place of had come to. */
  readonly takenUp?: PumpState | undefined;
}

/**
 * How long one turn may copy. An exec takes a dozen turns of the shim's one thread, and waits each time for the turn of a terminal that floods.
 * In time, not in bytes: what 4 KiB take depends on the writer, too.
 */
const TURN_MS = 0.3;

/** More than a terminal (some 70 KiB: tty_buffer.c, n_tty.c) and what is pending here hold together. */
const MOST_UNREAD_BYTES = 512 * 1024;

/** A read of so much comes from a terminal that somebody writes to without a pause: n_tty.c holds 4095 bytes. */
const FLOWING_BYTES = 2048;

/** `parked`: after a hang-up, which would be reported for ever as a level: told only of changes. */
type Awaited = 'input' | 'room' | 'parked';

/**
 * Copies from one descriptor to another, in order, and reads no further while the other side takes nothing. It
 * waits for one thing at a time: for input or, with bytes pending, for room.
 *
 * A terminal that nobody has open reads as hung up (EIO), and may be opened again by a process of its
 * session. So a hang-up is only a pause until `drain` says that the process has ended.
 */
export class Pump {
  private fromFd: number;
  private toFd: number;
  private pending: Buffer | undefined;
  private awaited: { readonly what: Awaited; readonly watch: Watch } | undefined;
  private draining = false;
  private hasEnded = false;
  private copied = 0;
  private onProgress: ((written: number) => void) | undefined;
  private onQuiet: (() => void) | undefined;

  constructor(
    private readonly poller: Poller,
    private readonly options: PumpOptions,
  ) {
    this.fromFd = options.fromFd;
    this.toFd = options.toFd;
    const { takenUp } = options;
    this.copied = takenUp?.copiedBytes ?? 0;
    this.hasEnded = takenUp?.hasEnded ?? false;
    if (takenUp?.pending !== undefined) this.pending = Buffer.from(takenUp.pending, 'base64');
    if (!this.hasEnded) this.await(this.pending === undefined ? 'input' : 'room');
  }

  /** Between two turns: what was read is written or pending. */
  handOver(): PumpState {
    return { hasEnded: this.hasEnded, copiedBytes: this.copied, pending: this.pending?.toString('base64') };
  }

  get ended(): boolean {
    return this.hasEnded;
  }

  /** Bytes written since the beginning. */
  get copiedBytes(): number {
    return this.copied;
  }

  /**
   * The process has ended. Resolves when all that it wrote has been passed on, or when nobody has taken any of it
   * for `stallMs`. Copying goes on after that, for a late reader or a process that still has the terminal
   * open, until the hang-up: what such a process writes is not waited for.
   */
  async drain(stallMs: number): Promise<void> {
    if (this.hasEnded) return;
    this.draining = true;
    const quiet = new Promise<void>((resolve) => {
      this.onQuiet = resolve;
    });
    const stall = setTimeout(() => this.onQuiet?.(), stallMs);
    let left = MOST_UNREAD_BYTES;
    this.onProgress = (written) => {
      stall.refresh();
      left -= written;
      if (left <= 0) this.onQuiet?.();
    };
    try {
      this.copy();
      await quiet;
    } finally {
      clearTimeout(stall);
      this.onProgress = undefined;
    }
  }

  /** Goes on with another descriptor on either side; the caller closes the one before. */
  replace(sides: { readonly fromFd?: number; readonly toFd?: number }): void {
    this.unwatch();
    this.fromFd = sides.fromFd ?? this.fromFd;
    this.toFd = sides.toFd ?? this.toFd;
    this.copy();
  }

  /** Stops; what is pending is dropped. May be called twice. */
  close(): void {
    this.unwatch();
    this.hasEnded = true;
    this.pending = undefined;
    this.onQuiet?.();
  }

  private copy(): void {
    const untilMs = performance.now() + TURN_MS;
    do {
      if (this.hasEnded) return;
      const moved = this.pending === undefined ? this.passOn(untilMs) : this.write(this.pending);
      if (moved === 'waits') return;
    } while (performance.now() < untilMs);
    if (!this.hasEnded) this.await(this.pending === undefined ? 'input' : 'room');
  }

  private passOn(untilMs: number): number | 'waits' {
    const { buffer } = this.options;
    const { length, stop } = this.fill(buffer, untilMs);
    // Why reading stopped is met again once these bytes are written.
    if (length > 0) return this.write(buffer.subarray(0, length));
    if (stop === 'end' || (stop === 'hungUp' && this.draining)) {
      this.end();
    } else {
      if (this.draining) this.onQuiet?.();
      this.await(stop === 'hungUp' ? 'parked' : 'input');
    }
    return 'waits';
  }

  // A terminal gives some 4 KiB a read, whatever is asked for.
  private fill(buffer: Buffer, untilMs: number): { readonly length: number; readonly stop: 'full' | 'again' | 'end' | 'hungUp' } {
    let length = 0;
    try {
      while (length < buffer.length) {
        const count = readSome(this.fromFd, length === 0 ? buffer : buffer.subarray(length));
        if (typeof count !== 'number') return { length, stop: count };
        length += count;
        if (performance.now() >= untilMs) break;
        if (this.options.fromTerminal && count >= FLOWING_BYTES && !comesSoon(this.fromFd)) return { length, stop: 'again' };
      }
    } catch (error) {
      this.options.onError(error);
      return { length, stop: 'end' };
    }
    return { length, stop: 'full' };
  }

  private write(bytes: Buffer): number | 'waits' {
    const taken = this.tryWrite(bytes);
    if (taken === 'broken') {
      this.end();
      return 'waits';
    }
    const written = taken === 'again' ? 0 : taken;
    // A copy, as the bytes may lie in the shared buffer.
    this.pending = written < bytes.length ? Buffer.from(bytes.subarray(written)) : undefined;
    this.copied += written;
    if (written > 0) this.onProgress?.(written);
    if (taken !== 'again') return written;
    this.await('room');
    return 'waits';
  }

  // Where the system refuses bytes (ENOSPC), they are lost, as they are to a program that writes there
  // itself; stopping instead would block the container.
  private tryWrite(bytes: Buffer): number | 'again' | 'broken' {
    try {
      return writeSome(this.toFd, bytes, 0, bytes.length);
    } catch (error) {
      this.options.onError(error);
      return bytes.length;
    }
  }

  private end(): void {
    this.close();
    this.options.onEnd();
  }

  private await(what: Awaited): void {
    if (this.awaited?.what === what) return;
    this.unwatch();
    const copy = (): void => this.copy();
    try {
      const watch =
        what === 'room'
          ? this.poller.watch(this.toFd, { out: true }, copy)
          : this.poller.watch(this.fromFd, { in: true, edge: what === 'parked' }, copy);
      this.awaited = { what, watch };
    } catch (error) {
      // epoll refuses what never makes one wait: a plain file's turn comes when there is room for it.
      if (what === 'room' || !(error instanceof SysError) || error.code !== 'EPERM') throw error;
      this.await('room');
    }
  }

  private unwatch(): void {
    this.awaited?.watch.close();
    this.awaited = undefined;
  }
}
