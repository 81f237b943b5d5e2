import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { describeOnHost, realContainers } from '../support/requires';
import { shimOf } from '../support/shims';
import { TestHost } from '../support/test-host';

const sleeper = { args: ['sleep', '1000'] };
/** Root without CAP_SYS_RESOURCE, as in many containers, may not have the OOM killer spare anyone; what is inherited is the same. */
const own = hasCapability(24) ? -500 : 400;

const scoreOf = (pid: number): number => Number(readFileSync(`/proc/${String(pid)}/oom_score_adj`, 'utf8'));

/** capabilities(7). */
function hasCapability(number: number): boolean {
  const [, effective = '0'] = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> BigInt(number)) & 1n) === 1n;
}

describeOnHost('a daemon with an oom_score_adj of its own', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = new TestHost();
    const program = host.own('protected');
    writeFileSync(program, `#!/bin/sh\necho ${String(own)} > /proc/self/oom_score_adj\nexec '${resolve(binDirectory, 'holdfastd')}' "$@"\n`, { mode: 0o755 });
    await host.startDaemon({ program });
  });
  afterEach(() => host.cleanUp());

  const scoresOf = async (id: string): Promise<number[]> => {
    await host.client.addProcess({ id, pid: 'extra', ...sleeper, cwd: '/', env: ['PATH=/bin'] });
    const { containers } = await host.client.state(id);
    return (containers[0]?.processes ?? []).map((one) => scoreOf(one.systemPid));
  };

  test('keeps that for itself and its shim: containers have what their spec says, else 0', async () => {
    await host.create('plain', sleeper);
    await host.create('expendable', { ...sleeper, oomScoreAdj: 300 });
    expect(await scoresOf('plain')).toEqual([0, 0]);
    expect(await scoresOf('expendable')).toEqual([300, 300]);
    expect([host.daemon.pid, shimOf(host).pid].map(scoreOf)).toEqual([own, own]);
    expect(existsSync(join(`${host.stateDir}.holdfast`, 'bundles', 'expendable'))).toBe(false);
    await host.end();
  });

  test('may leave such a shim to a daemon that is none: the same', async () => {
    await host.create('before', sleeper);
    await host.restartDaemon('SIGKILL');
    expect([host.daemon.pid, shimOf(host).pid].map(scoreOf)).toEqual([0, own]);
    await host.create('after', sleeper);
    expect(await scoresOf('after')).toEqual([0, 0]);
    expect(await scoresOf('before')).toEqual([0, 0]);
    await host.end();
  });
});
