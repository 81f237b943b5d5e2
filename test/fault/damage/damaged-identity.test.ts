import { existsSync, readFileSync, readdirSync, rmSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CountingRuntime } from '../../support/counting-runtime';
import { damages as anyDamages } from '../../support/damage';
import { untilExists } from '../../support/files';
import { originalShim } from '../../support/original-daemon';
import { processesInCgroup, signalExactly, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { killDaemonAndShims, removeSetAside } from '../../support/shims';
import { TestHost } from '../../support/test-host';
import { expectUntouched } from '../../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };
const exec = { ...sleeper, cwd: '/', env: ['PATH=/bin'] };

/** What leaves no readable number, or the number of another process. */
const damages: Readonly<Record<string, (path: string) => void>> = {
  shortened: (path) => {
    truncateSync(path, Math.max(1, statSync(path).size - 2));
  },
  wrong: (path) => {
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^./, (digit) => (digit === '1' ? '2' : '1')));
  },
  ...anyDamages,
};
const all = ['pid', 'starttime'].flatMap((file) => Object.keys(damages).map((how) => [file, how] as const));
const some = [['pid', 'shortened'], ['pid', 'gone'], ['starttime', 'shortened'], ['starttime', 'wrong']] as const;

function dropEventLog(host: TestHost): void {
  for (const name of readdirSync(host.stateDir).filter((entry) => entry.startsWith('holdfast-events.db'))) rmSync(join(host.stateDir, name));
}

describeOnHost('a damaged identity, and nobody who holds the process', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  const pathOf = (processId: string, file: string): string => join(host.stateDir, 'hurt', processId, file);

  async function pidsOf(id: string): Promise<Record<string, number>> {
    const { containers } = await host.client.state(id);
    return Object.fromEntries((containers[0]?.processes ?? []).map((one) => [one.pid, one.systemPid]));
  }

  /** Two containers, one of them with an exec; then daemon and shim are dead. */
  async function abandoned(): Promise<Record<string, number>> {
    await host.create('other', sleeper);
    await host.create('hurt', sleeper);
    await host.client.addProcess({ id: 'hurt', pid: 'late', ...exec });
    const pids = await pidsOf('hurt');
    await killDaemonAndShims(host);
    return pids;
  }

  async function endByHand(pid: number): Promise<void> {
    const left = processesInCgroup(host.cgroup).find((seen) => seen.pid === pid);
    expect(left).toBeDefined();
    if (left !== undefined) signalExactly(left, 'SIGKILL');
    await waitForExit(pid);
  }

  test.each(all)('%s of a container is %s: its start in the log says which process it is', async (file, how) => {
    const pids = await abandoned();
    const before = readFileSync(pathOf('init', file), 'utf8');
    damages[how]?.(pathOf('init', file));
    await host.startDaemon();
    expect(await pidsOf('hurt')).toEqual(pids);
    expect(readFileSync(pathOf('init', file), 'utf8')).toBe(before);
    const events = await host.events({ timestamp: epoch });
    await host.end();
    await events.untilExit('hurt');
    expect(events.linesOf('hurt')).toEqual(['start-container', 'start-process late', 'exit late 137', 'exit init 137']);
    await expectUntouched(host);
  });

  test.each(some)('%s of an exec is %s: its start in the log says which process it is', async (file, how) => {
    const pids = await abandoned();
    damages[how]?.(pathOf('late', file));
    await host.startDaemon();
    expect(await pidsOf('hurt')).toEqual(pids);
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('hurt', 9, 'late');
    expect((await events.untilExit('hurt', 'late')).status).toBe(137);
    await host.end();
    await expectUntouched(host);
  });

  test.each(some)('%s of a container is %s and the event log gone: the runtime knows the process', async (file, how) => {
    const pids = await abandoned();
    damages[how]?.(pathOf('init', file));
    dropEventLog(host);
    await host.startDaemon();
    expect(await pidsOf('hurt')).toEqual(pids);
    await host.end();
    await expectUntouched(host);
  });

  test.each(some)('%s of a container is %s, log and runtime know nothing: set aside, alive', async (file, how) => {
    const pids = await abandoned();
    damages[how]?.(pathOf('init', file));
    dropEventLog(host);
    const record = join(host.runtimeRoot, 'hurt', 'state.json');
    const kept = readFileSync(record);
    writeFileSync(record, '{"unreadable');
    await host.startDaemon();
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    expect(removeSetAside(host)).toEqual(['hurt']);
    await endByHand(pids['init'] ?? 0);
    writeFileSync(record, kept);
    await host.runtime('delete', '--force', 'hurt');
    await host.end();
    await expectUntouched(host);
  });

  test.each([
    ['pid is shortened', 'recovered', ['pid']],
    ['starttime is shortened', 'recovered', ['starttime']],
    ['both are shortened', 'set aside', ['pid', 'starttime']],
  ] as const)('of an exec that the log does not know %s: %s', async (_what, becomes, files) => {
    const pids = await abandoned();
    for (const file of files) damages['shortened']?.(pathOf('late', file));
    dropEventLog(host);
    await host.startDaemon();
    const { late, ...rest } = pids;
    expect(await pidsOf('hurt')).toEqual(becomes === 'set aside' ? rest : pids);
    expect(removeSetAside(host)).toEqual(becomes === 'set aside' ? ['hurt-late'] : []);
    expect(processesInCgroup(host.cgroup).map(({ pid }) => pid)).toContain(late);
    await host.end();
    await expectUntouched(host);
  });

  test('all files of the first process are gone: the log knows it, and the container is recovered', async () => {
    const pids = await abandoned();
    for (const name of readdirSync(join(host.stateDir, 'hurt', 'init'))) rmSync(pathOf('init', name));
    await host.startDaemon();
    expect(await pidsOf('hurt')).toEqual(pids);
    await host.end();
    await expectUntouched(host);
  });

  test('the directory of the first process is gone: set aside, alive', async () => {
    const pids = await abandoned();
    rmSync(join(host.stateDir, 'hurt', 'init'), { recursive: true });
    await host.startDaemon();
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    expect(removeSetAside(host)).toEqual(['hurt']);
    await endByHand(pids['init'] ?? 0);
    await host.runtime('delete', '--force', 'hurt');
    await host.end();
    await expectUntouched(host);
  });

  test.each([true, false])('a process that has ended is told as ended, its files whole (log kept: %s)', async (isKept) => {
    const pids = await abandoned();
    await endByHand(pids['init'] ?? 0);
    if (!isKept) dropEventLog(host);
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await events.untilExit('hurt');
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    expect(existsSync(join(host.stateDir, 'hurt'))).toBe(false);
    await host.end();
    await expectUntouched(host);
  });
});

describeOnHost('an undamaged container', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('costs a restart no call of the runtime: one that runs, with the event log and without, and one whose status is on disk', async () => {
    const runtime = new CountingRuntime(host.own('runtime'));
    const request = { runtime: runtime.path, runtimeArgs: ['--root', host.runtimeRoot] };
    await host.create('runs', sleeper, request);
    await host.create('ends', sleeper, request);
    const { systemPid } = await host.initOf('ends');
    await host.stopDaemon('SIGKILL');
    process.kill(systemPid, 'SIGKILL');
    await untilExists(join(host.stateDir, 'ends', 'init', 'holdfast-deleted'));
    for (const isLogKept of [true, false]) {
      runtime.takeCalls();
      if (!isLogKept) dropEventLog(host);
      await host.startDaemon();
      expect((await host.client.state()).containers.map(({ id, status }) => `${id} ${status}`)).toEqual(['runs running']);
      expect(runtime.takeCalls()).toEqual([]);
      await killDaemonAndShims(host);
    }
    await host.startDaemon();
    await host.end();
    await expectUntouched(host);
  });
});

describeOnHost("a damaged identity, and another program's shim that holds the process", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ flags: ['--shim', originalShim] });
  });
  afterEach(() => host.cleanUp());

  test.each(some)('%s is %s: signals reach the process and no other', async (file, how) => {
    await host.create('hurt', sleeper);
    const { systemPid } = await host.initOf('hurt');
    await host.stopDaemon('SIGKILL');
    damages[how]?.(join(host.stateDir, 'hurt', 'init', file));
    await host.startDaemon();
    expect((await host.initOf('hurt')).systemPid).toBe(systemPid);
    const events = await host.events();
    await host.client.signal('hurt', 9);
    expect((await events.untilExit('hurt')).status).toBe(137);
    await expectUntouched(host);
  });
});
