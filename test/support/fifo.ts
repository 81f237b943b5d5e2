import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

import koffi from 'koffi';

import { patienceMs, within } from './deadline';

const mkfifo = koffi.load(null).func('int mkfifo(const char *path, uint32_t mode)') as (path: string, mode: number) => number;

/** Makes a FIFO, mode 0600. By a binding of its own: a test's client shares no code with what it tests; and the mkfifo program took 50 ms for each. */
export function makeFifo(path: string): void {
  if (mkfifo(path, 0o600) !== 0) throw new Error(`mkfifo ${path}: errno ${String(koffi.errno())}`);
}

/**
 * A client's read end, which collects what comes. It is opened without blocking, with or without a
 * writer on the other side, as clients do before they create a container.
 */
export class FifoReader {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<void>;

  /** @param path of a FIFO; the descriptor belongs to this object until the end of the stream or close() */
  constructor(readonly path: string) {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      for (const wake of [...this.#waiting]) wake();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#socket.on('end', resolve);
      this.#socket.on('error', reject);
    });
    // Told to whoever waits for the end; nobody may do so.
    this.#ended.catch(() => undefined);
  }

  /** Everything read so far, as bytes. */
  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Everything read so far, as text. */
  text(): string {
    return this.bytes().toString('utf8');
  }

  /** Resolves with the text so far as soon as it holds `expected`. */
  async until(expected: string, deadlineMs = patienceMs): Promise<string> {
    if (this.text().includes(expected)) return this.text();
    let wake: () => void = () => undefined;
    const coming = new Promise<string>((resolve) => {
      wake = (): void => {
        const text = this.text();
        if (text.includes(expected)) resolve(text);
      };
    });
    this.#waiting.add(wake);
    const over = this.#ended.then(() => {
      throw new Error(`${this.path} ended without ${JSON.stringify(expected)}: ${JSON.stringify(this.text())}`);
    });
    try {
      return await within(Promise.race([coming, over]), `${JSON.stringify(expected)} from ${this.path}`, deadlineMs, () => this.#describe());
    } finally {
      this.#waiting.delete(wake);
    }
  }

  /** Resolves with all that was read once the last writer has closed. */
  async untilEnd(deadlineMs = patienceMs): Promise<string> {
    await within(this.#ended, `the end of ${this.path}`, deadlineMs, () => this.#describe());
    return this.text();
  }

  /** What comes from now on goes to the stream too, which stays open at the end. */
  passOnTo(stream: NodeJS.WritableStream): void {
    this.#socket.on('data', (chunk: Buffer) => stream.write(chunk));
  }

  /** Stops reading without taking what comes meanwhile: the pipe fills. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume();
  }

  /** Closes the read end; what is unread stays in the FIFO while another end is open. May be called twice. */
  close(): void {
    this.#socket.destroy();
  }

  #describe(): string {
    return `read: ${JSON.stringify(this.text().slice(-2000))}`;
  }
}

/**
 * A client's write end. Opened for both directions, as clients do: a FIFO opened for writing alone, without
 * blocking, fails with ENXIO as long as nobody reads it (fifo(7)).
 */
export class FifoWriter {
  readonly #socket: Socket;

  constructor(readonly path: string) {
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: false, writable: true });
    // EPIPE cannot come, this side being a reader too; anything else is told by write().
    this.#socket.on('error', () => undefined);
  }

  /** Resolves when the kernel has taken all of it. */
  write(text: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(text, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** May be called twice. */
  close(): void {
    this.#socket.destroy();
  }
}

/** Whether anybody has the FIFO open for reading (fifo(7): ENXIO says nobody). */
export function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
    throw error;
  }
}
