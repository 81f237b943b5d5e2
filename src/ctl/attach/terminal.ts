import type { Io } from '../tool';

export interface WindowSize {
  readonly width: number;
  readonly height: number;
}

/** Our terminal in raw mode, so that every key goes to the process, for as long as this is open. */
export class RawTerminal {
  readonly #io: Io;
  readonly #onResize: (size: WindowSize) => void;

  /** Where stdin is no terminal it is left alone; where stdout is none there is no size to tell. */
  constructor(io: Io, onResize: (size: WindowSize) => void) {
    this.#io = io;
    this.#onResize = onResize;
    if (io.stdin.isTTY === true) io.stdin.setRawMode?.(true);
    // Node's terminals turn SIGWINCH into this event, once they know the new size.
    io.stdout.on('resize', this.tellSize);
  }

  /** Tells the size as it is now: for the first time once the process is there. */
  readonly tellSize = (): void => {
    const { isTTY, columns = 0, rows = 0 } = this.#io.stdout;
    // A terminal that does not know its size says 0 by 0; telling that would confuse programs.
    if (isTTY === true && columns > 0 && rows > 0) this.#onResize({ width: columns, height: rows });
  };

  /** Gives the terminal back as it was. May be called twice. */
  close(): void {
    this.#io.stdout.off('resize', this.tellSize);
    if (this.#io.stdin.isTTY === true) this.#io.stdin.setRawMode?.(false);
  }
}
