import type { DaemonProcess } from '../../support/daemon-process';
import { signalExactly } from '../../support/processes';
import { shimsOf } from '../../support/shims';
import { upgradeShims } from '../../support/upgrade-shims';
import { SoakCheck, harmed } from './soak-check';
import type { SoakHost } from './soak-host';
import { SoakPace } from './soak-pace';
import type { Random } from './soak-random';

/** Within which a daemon that has just been started comes to serve. */
const startsWithinMs = 300;

/** Kills daemon and shim, and has shims upgraded in place, at moments that have nothing to do with the work under way, and looks after each kill what it has done. */
export class SoakKills {
  readonly #check: SoakCheck;
  readonly #pace: SoakPace;
  readonly #killed = new WeakSet<DaemonProcess>();
  #generation = 0;

  /** @param fail ends the soak */
  constructor(
    private readonly soak: SoakHost,
    private readonly random: Random,
    private readonly fail: (error: unknown) => void,
  ) {
    this.#check = new SoakCheck(soak.ordeal, () => soak.processes);
    this.#pace = new SoakPace(soak.figures, random);
  }

  /** Until the soak is over; the last daemon serves by then. */
  async run(goesOn: () => boolean): Promise<void> {
    let serving = Promise.resolve();
    while (goesOn()) {
      // Some die while they start.
      const dieEarly = this.random.isLikely(0.15);
      if (!dieEarly) await serving;
      await this.#pause(dieEarly ? startsWithinMs * this.random.fraction() : this.#pace.nextMs());
      const choice = this.random.fraction();
      if (choice < 0.11) serving = this.#killBoth() ?? serving;
      else if (choice < 0.27) this.#killShimsAlone();
      else if (choice < 0.33) this.#upgradeShims();
      else serving = this.#killDaemon() ?? serving;
    }
    await serving;
  }

  #killBoth(): Promise<void> | undefined {
    const shimsFirst = this.random.isLikely(0.5);
    if (shimsFirst) this.#killShims();
    const serving = this.#killDaemon();
    if (!shimsFirst) this.#killShims();
    this.soak.figures.bothKills += 1;
    return serving;
  }

  #killShimsAlone(): void {
    this.#killShims();
    this.#compare().catch(this.fail);
  }

  /** Beside everything else, the next kill among it. */
  #upgradeShims(): void {
    const { figures, ordeal } = this.soak;
    upgradeShims(ordeal.host).then((count) => {
      figures.upgrades += count;
    }, this.fail);
  }

  #killShims(): void {
    const shims = shimsOf(this.soak.ordeal.host);
    if (shims.length === 0) return;
    for (const shim of shims) signalExactly(shim, 'SIGKILL');
    this.soak.unwatched.shimsDie();
    this.soak.shimsDied();
    this.soak.figures.shimKills += 1;
  }

  /** @returns what resolves when the next daemon serves; undefined where none is there to be killed */
  #killDaemon(): Promise<void> | undefined {
    const { daemon } = this.soak.ordeal.host;
    if (daemon.hasEnded || this.#killed.has(daemon)) return undefined;
    this.#killed.add(daemon);
    this.soak.unwatched.daemonDies();
    daemon.kill('SIGKILL');
    this.soak.figures.daemonKills += 1;
    return this.#afterKill(daemon).catch(this.fail);
  }

  async #afterKill(daemon: DaemonProcess): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    await daemon.exited;
    await this.soak.ordeal.revive(daemon);
    // Killed again before it served: the next one's turn.
    if (generation !== this.#generation) return;
    this.soak.unwatched.served();
    this.#compare().catch(this.fail);
  }

  async #compare(): Promise<void> {
    const { figures } = this.soak;
    if (await this.#check.run()) figures.checks += 1;
    else figures.cutChecks += 1;
  }

  async #pause(ms: number): Promise<void> {
    // What the kill before has harmed shows by now.
    const complaints = harmed(this.soak.processes);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
