import { run } from '../../../../src/ctl/program/run';
import { FakeDaemon } from '../support/fake-daemon';
import { FakeIo } from '../support/fake-io';

export interface Ended {
  readonly status: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** A fake daemon for each test, and holdfastctl told of its address. */
export function withDaemon(): { readonly daemon: FakeDaemon; ctl(...args: string[]): Promise<Ended> } {
  let current: FakeDaemon | undefined;
  beforeEach(async () => {
    current = await FakeDaemon.start();
  });
  afterEach(() => {
    current?.stop();
  });
  const daemonNow = (): FakeDaemon => {
    if (current === undefined) throw new Error('only within a test');
    return current;
  };
  return {
    get daemon() {
      return daemonNow();
    },
    async ctl(...args) {
      const io = new FakeIo();
      const status = await run(['--address', daemonNow().address, ...args], io);
      return { status, lines: io.lines, errors: io.stderr.text };
    },
  };
}
