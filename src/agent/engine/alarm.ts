/** A timer of Node's does not count while the host sleeps, so a long wait is looked at again. */
const longestMs = 60_000;

/** Wakes once, at the time that was set last or before. It keeps no process alive. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly wake: () => void) {}

  /** @param delayMs undefined: it does not wake */
  setIn(delayMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = delayMs === undefined ? undefined : setTimeout(this.wake, Math.min(longestMs, Math.max(delayMs, 1))).unref();
  }
}
