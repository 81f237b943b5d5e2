import type { Io } from '../tool';

/** The other screen, without a cursor (xterm's control sequences, "Alternate Screen Buffer"). */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const toTop = '\u001b[H';
const eraseRestOfLine = '\u001b[K';
const eraseBelow = '\u001b[J';

/**
 * A terminal whose whole screen is drawn, in raw mode. Whatever ends it, it gives the terminal back as it was; SIGTSTP and Ctrl-Z, too, for as
 * long as this process is stopped.
 */
export class Screen {
  readonly #io: Io;
  readonly #onKeys: (typed: string) => void;
  readonly #onResize: () => void;
  readonly #removers: readonly (() => void)[];
  #isShown = false;

  /** @param onEnd a signal has come that ends this process */
  constructor(io: Io, { onKeys, onResize, onEnd }: { readonly onKeys: (typed: string) => void; readonly onResize: () => void; readonly onEnd: (signal: NodeJS.Signals) => void }) {
    this.#io = io;
    this.#onKeys = onKeys;
    this.#onResize = onResize;
    this.#removers = [
      ...(['SIGTERM', 'SIGHUP'] as const).map((signal) => io.onSignal(signal, () => { onEnd(signal); })),
      // While the terminal is another's, that one takes it.
      io.onSignal('SIGINT', () => { if (this.#isShown) onEnd('SIGINT'); }),
      io.onSignal('SIGTSTP', () => { this.suspend(); }),
    ];
    this.show();
  }

  /** Takes the terminal; also again, after leave(). */
  show(): void {
    if (this.#isShown) return;
    this.#isShown = true;
    const { stdin, stdout } = this.#io;
    stdin.setRawMode?.(true);
    stdin.on('data', this.#take);
    stdin.resume();
    stdout.on('resize', this.#onResize);
    stdout.write(enter);
  }

  draw(lines: readonly string[]): void {
    if (!this.#isShown) return;
    this.#io.stdout.write(`${toTop}${lines.map((line) => `${line}${eraseRestOfLine}`).join('\n')}${eraseBelow}`);
  }

  /** Gives the terminal back, for a while or for good. */
  leave(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    const { stdin, stdout } = this.#io;
    stdin.off('data', this.#take);
    stdin.pause();
    stdout.off('resize', this.#onResize);
    stdin.setRawMode?.(false);
    stdout.write(leave);
  }

  /** Stops this process, as Ctrl-Z does others; goes on here once it is continued. */
  suspend(): void {
    const wasShown = this.#isShown;
    this.leave();
    const stopListening = this.#io.onSignal('SIGCONT', () => {
      stopListening();
      if (!wasShown) return;
      this.show();
      this.#onResize();
    });
    // SIGTSTP has a listener here: what it does by default is this.
    process.kill(process.pid, 'SIGSTOP');
  }

  /** May be called twice. */
  close(): void {
    this.leave();
    for (const remove of this.#removers) remove();
  }

  readonly #take = (typed: Buffer | string): void => {
    this.#onKeys(typed.toString());
  };
}
