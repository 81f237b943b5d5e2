import { writeFileSync } from 'node:fs';

import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';
import { expectUntouched } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };

/** runc, whose `exec` returns when the process that it has started is over, and reaped by the shim. */
const patientRunc = `#!/bin/sh
runc "$@" || exit
case " $* " in *' exec '*) ;; *) exit 0 ;; esac
for word; do
  [ "$previous" = --pid-file ] && pid=$(cat "$word")
  previous=$word
done
while [ -d "/proc/$pid" ]; do :; done
`;

describeOnHost('an exec that is over before the daemon has looked at it', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  test('and whose start was told before the daemon died is told to have ended', async () => {
    const runtime = host.own('patient-runc');
    writeFileSync(runtime, patientRunc, { mode: 0o755 });
    const flags = [`--runtime=${runtime}`];
    await host.startDaemon({ flags, env: { HOLDFAST_FAULTS: 'daemon.exec.told=kill' } });
    await host.create('box', { args: ['sleep', '1000'] });
    const exec = { id: 'box', pid: 'short', args: ['sh', '-c', 'exit 3'], cwd: '/', env: ['PATH=/bin'] };
    await expect(host.client.addProcess(exec)).rejects.toThrow();
    await host.daemon.exited;
    await host.startDaemon({ flags });
    const events = await host.events({ timestamp: epoch });
    await events.untilExit('box', 'short');
    await host.end();
    await events.untilExit('box');
    expect(events.linesOf('box')).toEqual(['start-container', 'start-process short', 'exit short 3', 'exit init 137']);
    await expectUntouched(host);
  });
});
