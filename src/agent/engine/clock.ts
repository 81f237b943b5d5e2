import { bootId, secondsSinceBoot } from '../../sys/boot';
import type { Clocks } from '../machine/clocks';

/** The host's clocks. */
export class HostClock {
  readonly #bootId = bootId();

  now(): Clocks {
    return { bootId: this.#bootId, bootMs: Math.round(secondsSinceBoot() * 1000), wallMs: Date.now() };
  }
}
