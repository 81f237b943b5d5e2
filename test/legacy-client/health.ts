/** What the watch needs of its owner. */
export interface HealthSubject {
  /** One health check; rejects where the daemon is not well. It has its own limit of {@link limitMs}. */
  check(): Promise<void>;
  /** Called after each check that succeeded. */
  onHealthy(): void;
  /** Called after the third failure; the next check comes after its end. */
  onThreeFailures(): Promise<void>;
}

/** Milliseconds between checks, and the limit of one. */
export const intervalMs = 500;
export const limitMs = 3000;

/**
 * dockerd's watch over its backend: a check every 500 ms. Failures add up for ever, as there: a check that
 * succeeds forgives none, and the third one in all costs the daemon its life.
 */
export class HealthWatch {
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly subject: HealthSubject) {}

  /** Failures since the start, or since the daemon was started anew. */
  get failures(): number {
    return this.#failures;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      void this.#check();
    }, intervalMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    try {
      await this.subject.check();
      if (!this.#closed) this.subject.onHealthy();
    } catch {
      this.#failures += 1;
    }
    if (this.#failures >= 3 && !this.#closed) {
      await this.subject.onThreeFailures();
      this.#failures = 0;
    }
    if (!this.#closed) this.start();
  }
}
