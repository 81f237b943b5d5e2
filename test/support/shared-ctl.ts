import { randomBytes } from 'node:crypto';

import { Ctl } from './ctl';
import { forgetPrograms } from './forget';
import { SharedHost } from './shared-host';
import type { TestHost } from './test-host';

/** A {@link SharedHost} and holdfastctl told of it. What a test has run is forgotten after it. */
export class SharedCtl {
  readonly #shared = new SharedHost();
  #taken: { readonly host: TestHost; readonly ctl: Ctl; readonly name: string } | undefined;

  /** @returns also a name that no other test's program has */
  async take(): Promise<{ readonly host: TestHost; readonly ctl: Ctl; readonly name: string }> {
    const host = await this.#shared.take();
    this.#taken = { host, ctl: new Ctl(host), name: `web-${randomBytes(4).toString('hex')}` };
    return this.#taken;
  }

  /** @throws LeftoverError */
  async giveBack(): Promise<void> {
    this.#taken?.ctl.close();
    if (this.#taken?.host.daemon.hasEnded === false) await forgetPrograms(this.#taken.host);
    this.#taken = undefined;
    await this.#shared.giveBack();
  }

  /** @throws LeftoverError */
  close(): Promise<void> {
    return this.#shared.close();
  }
}
