import { type DaemonOptions, TestHost } from './test-host';

/**
 * One host and one daemon for the tests of a `describe`, in turn: a daemon's start and its end take longer than most tests. For tests that ask neither for
 * events of before nor for the files of a daemon that is new. A test that has ended or restarted the daemon, or has left something, is the last one on its host.
 *
 *     const shared = new SharedHost();
 *     beforeEach(async () => { host = await shared.take(); });
 *     afterEach(() => shared.giveBack());
 *     afterAll(() => shared.close());
 */
export class SharedHost {
  #host: TestHost | undefined;
  #daemonPid: number | undefined;

  constructor(private readonly options: DaemonOptions = {}) {}

  async take(): Promise<TestHost> {
    this.#host ??= await TestHost.withDaemon(this.options);
    this.#daemonPid = this.#host.daemon.pid;
    return this.#host;
  }

  /** @throws LeftoverError */
  async giveBack(): Promise<void> {
    const { daemon } = this.#host ?? {};
    const isTheSame = daemon !== undefined && daemon.pid === this.#daemonPid && !daemon.hasEnded;
    if (isTheSame && this.#host?.betweenTests() === true) return;
    await this.close();
  }

  /** @throws LeftoverError */
  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    await host?.cleanUp();
  }
}
