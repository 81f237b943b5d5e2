import type { Timestamp } from '../api/gen/google/protobuf/timestamp';
import { formatUptime } from './text/duration';
import { sizeOf } from './text/screen-size';
import { millisecondsOf } from './text/timestamp';
import type { Output } from './tool';

const tickMs = 1000;
const eraseLine = '\r\u001b[K';

/** What is waited for, on one line of a terminal that is erased at the end; nothing anywhere else, nor for what is over within a second. */
export class ProgressLine {
  readonly #waiting = new Map<string, Timestamp>();
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  /** @param doing such as `stopping` @param total of how many */
  constructor(private readonly output: Output, private readonly doing: string, private readonly total: number) {}

  /** This one has until then. */
  wait(name: string, deadline: Timestamp): void {
    this.#waiting.set(name, deadline);
    if (this.output.isTTY === true) this.#timer ??= setInterval(() => { this.#draw(); }, tickMs);
  }

  /** This one is waited for no more. */
  done(name: string): void {
    this.#waiting.delete(name);
    this.erase();
  }

  /** The names that are waited for, and the last deadline of theirs. */
  get pending(): { readonly names: readonly string[]; readonly secondsLeft: number } {
    const deadlines = [...this.#waiting.values()].map(millisecondsOf);
    return { names: [...this.#waiting.keys()], secondsLeft: Math.max(0, (Math.max(...deadlines) - Date.now()) / 1000) };
  }

  erase(): void {
    if (this.#isShown) this.output.write(eraseLine);
    this.#isShown = false;
  }

  /** May be called twice. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.erase();
  }

  #draw(): void {
    const { names, secondsLeft } = this.pending;
    if (names.length === 0) return;
    const line = `${this.doing} ${String(names.length)} of ${String(this.total)}: ${names.join(', ')} (SIGKILL in ${formatUptime(secondsLeft)})`;
    this.output.write(`${eraseLine}${line.slice(0, sizeOf(this.output).columns - 1)}`);
    this.#isShown = true;
  }
}
