import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DaemonOptions, TestHost } from './test-host';

/**
 * Faults that a host's daemons and shims know of from their start, each of which strikes once, when it is armed: its mark says that it has, and is taken away (src/sys/fault.ts). So tests that
 * share a daemon have one each, and only who is killed is started anew.
 */
export class Faults {
  readonly #marks: ReadonlyMap<string, string>;
  #armed: string | undefined;

  /** @param faults `<point>=<action>[:nth]`; it counts from when it is armed */
  constructor(host: TestHost, faults: readonly string[]) {
    // Beside what a test's end empties.
    const directory = join(host.directory, 'faults');
    mkdirSync(directory);
    this.#marks = new Map(faults.map((fault, at) => [fault, join(directory, String(at))]));
    for (const mark of this.#marks.values()) writeFileSync(mark, '');
  }

  get daemonOptions(): DaemonOptions {
    const plan = [...this.#marks].map(([fault, mark]) => `${fault}@${mark}`).join(',');
    return { env: plan === '' ? {} : { HOLDFAST_FAULTS: plan } };
  }

  /** It strikes the next time that its point is reached, or the nth. */
  arm(fault: string): void {
    const mark = this.#marks.get(fault);
    if (mark === undefined) throw new Error(`not one of the host's faults: ${fault}`);
    this.#armed = mark;
    rmSync(mark);
  }

  /** Whether the one that was armed last has. */
  get haveStruck(): boolean {
    return this.#armed !== undefined && existsSync(this.#armed);
  }

  /** None strikes any more. */
  disarm(): void {
    if (this.#armed !== undefined) writeFileSync(this.#armed, '');
    this.#armed = undefined;
  }
}
