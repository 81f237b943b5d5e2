import type { Logger } from '../../runtime/logger';
import type { OurShim } from './our-shim';

/** How a shim that hangs is noticed. It does nothing that lasts, so that no answer for `timeoutMs` says that it does. */
export interface ShimWatchdog {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Asks shims at intervals whether they answer. One that does not is ended: then it is a dead one, which nothing is lost by. */
export class ShimWatch {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly watchdog: ShimWatchdog,
    private readonly shims: ReadonlyMap<string, OurShim>,
    private readonly log: Logger,
  ) {}

  /** May be called again. */
  start(): void {
    this.#timer ??= setInterval(() => { for (const shim of this.shims.values()) this.#ask(shim); }, this.watchdog.intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #ask(shim: OurShim): void {
    const timer = setTimeout(() => {
      this.log.error({ shim: shim.name, shimPid: shim.pid }, 'the shim does not answer and is replaced');
      shim.kill();
    }, this.watchdog.timeoutMs).unref();
    shim.ping().then(() => { clearTimeout(timer); }, () => { clearTimeout(timer); });
  }
}
