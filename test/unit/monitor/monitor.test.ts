import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Monitor, type MonitorReports, type WatchedProcess } from '../../../src/monitor/monitor';
import { files } from '../../../src/runtime/state-dir/layout';
import { Poller } from '../../../src/sys/poller';
import { SysError } from '../../../src/sys/errors';
import { Scratch, deferred } from '../sys/resources';

describe('Monitor', () => {
  let scratch: Scratch;
  let poller: Poller;
  let failed: ReturnType<typeof deferred<unknown>>;

  beforeEach(() => {
    scratch = new Scratch();
    failed = deferred();
    poller = new Poller(failed.resolve);
  });

  afterEach(() => {
    poller.close();
    scratch.remove();
  });

  function ended(): WatchedProcess {
    const dir = scratch.file('init');
    mkdirSync(dir);
    writeFileSync(`${dir}/${files.exitStatus}`, '7');
    return { id: 'c', processId: 'p', dir, exitFd: -1, pidFd: undefined, pid: 1, starttime: '1' };
  }

  function monitorOf(exit: MonitorReports['exit']): Monitor {
    const unexpected = (): void => { throw new Error('not to be reported'); };
    return new Monitor(poller, { exit, shimGone: unexpected, oom: unexpected }, () => undefined);
  }

  test('an end that is short of something is looked at again', async () => {
    const told = deferred<number | undefined>();
    let shortages = 2;
    const monitor = monitorOf((_process, { status }) => {
      if (shortages > 0) {
        shortages -= 1;
        throw new SysError(constants.errno.EMFILE, 'open');
      }
      told.resolve(status);
    });
    monitor.reportNow(ended());
    expect(await told.promise).toBe(7);
    monitor.close();
  });

  test('what fails at the second look is said, and ends nothing', async () => {
    const broken = new Error('broken');
    const failures: Error[] = [new SysError(constants.errno.EMFILE, 'open'), broken];
    const monitor = monitorOf(() => { throw failures.shift() ?? new Error('looked at once more'); });
    monitor.reportNow(ended());
    expect(await failed.promise).toBe(broken);
    monitor.close();
  });
});
