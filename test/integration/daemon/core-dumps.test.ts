import { chmodSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { openPidFd, rawExitInfoOf } from '../../../src/sys/process/process';
import { AgentHost } from '../../support/agent-host';
import { binDirectory } from '../../support/daemon-process';
import { describeOnHost, realContainers } from '../../support/requires';
import { copiersOf, shimOf } from '../../support/shims';
import { until } from '../../support/until';

/** Of a status as wait(2) tells it: whatever the host does with core dumps, this one was written. */
const coreFlag = 128;

/** Has it die of a signal that makes core dumps. @returns whether it has left one */
async function leavesCore(pid: number): Promise<boolean> {
  const pidFd = openPidFd(pid);
  try {
    process.kill(pid, 'SIGABRT');
    // The kernel tells when its parent has heard of it, which nothing here is told of.
    const raw = (await until(`the end of ${String(pid)}`, () => rawExitInfoOf(pidFd), (info) => info !== undefined)) ?? 0;
    expect(raw & 127).toBe(6);
    return (raw & coreFlag) !== 0;
  } finally {
    closeSync(pidFd);
  }
}

describeOnHost('core dumps', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  const daemonBy = (lines: string): string => {
    const program = agent.host.own('daemon');
    writeFileSync(program, `#!/bin/bash\ncd ${agent.host.own('.')}\n${lines} ${resolve(binDirectory, 'holdfastd')} "$@"\n`);
    chmodSync(program, 0o755);
    return program;
  };

  test('of ours there is none, as secrets would be in it; what is started may leave one, as the daemon was allowed to', async () => {
    const limits = agent.host.own('limits');
    const sleeps = `command = ["bash", "-c", "ulimit -Sc > ${limits}; ulimit -Hc >> ${limits}; exec sleep 1000"]`;
    agent.define('web', [sleeps, `directory = "${agent.host.own('.')}"`]);
    await agent.startDaemon({}, { program: daemonBy('ulimit -Sc unlimited; exec') });
    const { pid } = await agent.until('web', 'its limits', ({ state }) => state === State.RUNNING && agent.lines('limits').length === 2);
    expect(readFileSync(limits, 'utf8')).toBe('unlimited\nunlimited\n');
    const [copier] = copiersOf(agent.host);
    expect(await leavesCore(copier?.pid ?? 0)).toBe(false);
    expect(await leavesCore(shimOf(agent.host).pid)).toBe(false);
    expect(await leavesCore(pid)).toBe(true);
    expect(await leavesCore(agent.host.daemon.pid)).toBe(false);
  });

  test('a daemon that may not open other processes says that there may be some, and all else is as ever', async () => {
    agent.define('web', ['command = ["sh", "-c", "echo it goes on; exec sleep 1000"]', 'ready = { log = "it goes on" }']);
    await agent.startDaemon({}, { program: daemonBy('exec setpriv --bounding-set=-sys_ptrace') });
    await agent.untilState('web', State.RUNNING);
    expect(agent.host.daemon.log()).toContain('without CAP_SYS_PTRACE');
  });
});
