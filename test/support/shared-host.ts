import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { forgetRecords } from './forget';
import { type DaemonOptions, TestHost } from './test-host';

/** What a runtime does beside an answer, as removing a cgroup, takes milliseconds. */
const settlingMs = 2000;

/**
 * One host and one daemon for the tests of a `describe`, in turn: a daemon's start and its end take longer than most tests. For tests that ask neither for
 * events of before (their own are those since `host.began`) nor for the files of a daemon that is new. A test that has left another daemon than it got, or none, or anything else, is the last one on its
 * host; records of containers without a task are deleted.
 *
 *     const shared = new SharedHost();
 *     beforeEach(async () => { host = await shared.take(); });
 *     afterEach(() => shared.giveBack());
 *     afterAll(() => shared.close());
 */
export class SharedHost {
  #host: TestHost | undefined;
  #started: DaemonOptions | undefined;

  constructor(private readonly options: DaemonOptions | ((host: TestHost) => DaemonOptions) = {}) {}

  async take(): Promise<TestHost> {
    if (this.#host === undefined) {
      this.#host = await TestHost.withDaemon(this.options);
      this.#started = this.#host.daemonOptions;
    }
    this.#host.begin();
    return this.#host;
  }

  /** @throws LeftoverError */
  async giveBack(): Promise<void> {
    const host = this.#host;
    const hasDaemon = host?.daemon.hasEnded === false && isDeepStrictEqual(host.daemonOptions, this.#started);
    if (host === undefined || !hasDaemon || !(await isClean(host))) await this.close();
  }

  /** @throws LeftoverError */
  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    await host?.cleanUp();
  }
}

async function isClean(host: TestHost): Promise<boolean> {
  const tooLate = Date.now() + settlingMs;
  while (!host.betweenTests()) {
    if (Date.now() > tooLate) return false;
    await delay(10);
  }
  return forgetRecords(host);
}
