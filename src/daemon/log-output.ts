import { constants, fstatSync, openSync, writeSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { errorCodeOf } from '../sys/thrown';

/**
 * Bytes that may wait for a reader: some thousands of lines. A reader that pauses for longer than
 * that loses lines, rather than the daemon its memory.
 */
const MOST_WAITING_BYTES = 1024 * 1024;

/**
 * Where the log goes: a descriptor of any kind, written to without ever blocking or failing.
 *
 * A line leaves in the call of `write` wherever there is room, so that the last words before a
 * crash are out. Where there is none, because the other side is alive but does not read (a full
 * pipe or socket), lines wait here, up to 1 MiB, and leave when it reads again; what is more than
 * that is lost and counted. Where the other side is gone (EPIPE; the signal itself Node ignores),
 * or a disk is full, lines are lost and counted, and each next line is a new attempt. A terminal
 * that has been stopped (ctrl-S) loses lines at once. When lines get through again, `onLost` hears
 * how many did not.
 *
 * The descriptor's O_NONBLOCK belongs to the open file description, which other programs share (the
 * shell's terminal, the pipe of another daemon): so a FIFO, pipe or terminal is opened once more
 * through /proc. A socket (as of journald) cannot be; that one is made non-blocking as it is.
 */
export class LogOutput {
  /** Called after lines have been lost, once a line has got through; may write. */
  onLost: (lines: number) => void = () => undefined;

  readonly #fd: number;
  readonly #kind: 'stream' | 'plain';
  readonly #isSocket: boolean;
  #plainFd: number;
  #stream: Socket | undefined;
  #lost = 0;

  /** @param fd stays the caller's, and open; but where it is a socket above 2, losing the peer closes it */
  constructor(fd: number) {
    const stats = fstatSync(fd);
    this.#fd = fd;
    this.#isSocket = stats.isSocket();
    this.#kind = stats.isSocket() || stats.isFIFO() ? 'stream' : 'plain';
    this.#plainFd = this.#kind === 'plain' ? plainFdFor(fd, stats) : fd;
    if (this.#kind === 'stream') this.#stream = this.#openStream();
  }

  /** @param line with its newline */
  write(line: string): void {
    const written = this.#kind === 'plain' ? this.#writePlain(line) : this.#writeStream(line);
    if (!written) {
      this.#lost += 1;
    } else if (this.#kind === 'plain') {
      this.#tellLost();
    }
  }

  #writePlain(line: string): boolean {
    try {
      writeSync(this.#plainFd, line);
      return true;
    } catch {
      // ENOSPC, EIO of a terminal that hung up, EAGAIN of one that was stopped: nobody to tell.
      return false;
    }
  }

  #writeStream(line: string): boolean {
    if (this.#stream === undefined && !this.#isSocket) this.#stream = this.#openStream();
    const stream = this.#stream;
    if (stream === undefined || stream.writableLength + line.length > MOST_WAITING_BYTES) return false;
    stream.write(line, (error) => {
      if (error) this.#lost += 1;
      else if (stream.writableLength === 0) this.#tellLost();
    });
    return true;
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    const lines = this.#lost;
    this.#lost = 0;
    this.onLost(lines);
  }

  /** @returns undefined while a FIFO has no reader */
  #openStream(): Socket | undefined {
    let fd = this.#fd;
    if (!this.#isSocket) {
      try {
        fd = reopen(this.#fd);
      } catch (error) {
        if (errorCodeOf(error) === 'ENXIO') return undefined;
        // Not ours to open (EACCES), or no /proc: the shared description then has to do.
      }
    }
    const stream = new Socket({ fd, readable: false, writable: true });
    // Waiting lines do not keep a finished daemon alive.
    stream.unref();
    // Each write hears of its own error. libuv leaves descriptors 0 to 2 open at the end of a stream.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    return stream;
  }
}

/** A regular file does not block, and has its own offset: opened again, lines of others would be overwritten. */
function plainFdFor(fd: number, stats: Stats): number {
  if (!stats.isCharacterDevice()) return fd;
  try {
    return reopen(fd);
  } catch {
    // A terminal outside of this mount namespace: it blocks when it is stopped, but that is all.
    return fd;
  }
}

/** O_NOCTTY: a daemon in a session of its own must not make its log terminal its controlling one. */
function reopen(fd: number): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
}
