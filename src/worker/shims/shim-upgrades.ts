import type { Logger } from '../../runtime/logger';
import type { OurShim } from './our-shim';

export interface ShimUpgradesOptions {
  /** The program of our version and its first arguments. */
  readonly command: readonly [string, ...string[]];
  readonly version: string;
  readonly log: Logger;
  /** When one that could not be upgraded is asked again. */
  readonly againMs: number;
  /** Whether it is still one of ours. */
  readonly isServing: (shim: OurShim) => boolean;
}

/** Has shims of older versions go on as ours, in place. One that does not, because it is busy, say, serves its own meanwhile. */
export class ShimUpgrades {
  /** Shims that are about to go on as our version. These never reject. */
  readonly #underWay = new Map<string, Promise<void>>();
  #isWanted = false;
  #closed = false;

  constructor(private readonly options: ShimUpgradesOptions) {}

  /** Resolves when those that are under way have come to their end. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** From now on older ones are upgraded, these first. */
  begin(shims: Iterable<OurShim>): void {
    this.#isWanted = true;
    for (const shim of shims) this.consider(shim);
  }

  /** Has this one go on as our version if it is older, and upgrades are wanted. */
  consider(shim: OurShim): void {
    const { version, isServing } = this.options;
    if (!this.#isWanted || this.#closed || !isServing(shim)) return;
    if (!shim.canUpgrade || !isOlder(shim.version, version)) return;
    const upgrade = this.#upgrade(shim).finally(() => { this.#underWay.delete(shim.name); });
    this.#underWay.set(shim.name, upgrade);
  }

  /** Asks none any more. */
  close(): void {
    this.#closed = true;
  }

  async #upgrade(shim: OurShim): Promise<void> {
    const { log, command, againMs } = this.options;
    const from = shim.version;
    try {
      await shim.upgrade(command);
      log.info({ shim: shim.name, shimPid: shim.pid, from, to: shim.version }, 'a shim was upgraded in place');
    } catch (error) {
      if (this.#closed) return;
      log.warn({ shim: shim.name, shimPid: shim.pid, version: from, err: error }, 'a shim was not upgraded');
      setTimeout(() => { this.consider(shim); }, againMs).unref();
    }
  }
}

/** By the numbers of `1.2.3`; what follows them, and what has no such form, decides nothing. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [numbersOf(version), numbersOf(than)];
  const at = one.findIndex((number, index) => number !== other[index]);
  return at !== -1 && (one[at] ?? 0) < (other[at] ?? 0);
}

function numbersOf(version: string): readonly number[] {
  return (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}
