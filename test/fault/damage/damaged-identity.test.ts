import { existsSync, readFileSync, readdirSync, rmSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CountingRuntime } from '../../support/counting-runtime';
import { damages as anyDamages } from '../../support/damage';
import { untilExists } from '../../support/files';
import { originalShim } from '../../support/original-daemon';
import { processesInCgroup, signalExactly, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
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
const files = ['pid', 'starttime'] as const;
const some = [['pid', 'shortened'], ['pid', 'gone'], ['starttime', 'shortened'], ['starttime', 'wrong']] as const;
/** What goes into the ids of containers. */
const slug = (...words: readonly string[]): string => words.join('-').replaceAll(' ', '-');

function dropEventLog(host: TestHost): void {
  for (const name of readdirSync(host.stateDir).filter((entry) => entry.startsWith('holdfast-events.db'))) rmSync(join(host.stateDir, name));
}

describeOnHost('a damaged identity, and nobody who holds the process', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  /** In the ids of a test's containers, which no other test has: the log is the daemon's. */
  let tests = 0;
  beforeEach(async () => {
    host = await shared.take();
    tests += 1;
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const pathOf = (id: string, processId: string, file: string): string => join(host.stateDir, id, processId, file);
  const idOf = (name: string): string => `${name}-${String(tests)}`;

  async function pidsOf(id: string): Promise<Record<string, number>> {
    const { containers } = await host.client.state(id);
    return Object.fromEntries((containers[0]?.processes ?? []).map((one) => [one.pid, one.systemPid]));
  }
  const allPids = (ids: readonly string[]): Promise<Record<string, number>[]> => Promise.all(ids.map(pidsOf));
  const known = async (): Promise<readonly string[]> => (await host.client.state()).containers.map(({ id }) => id);

  /** Containers, each with an exec, and one beside; then daemon and shim are dead: a restart meets all of them at once. */
  async function abandoned(...ids: readonly string[]): Promise<Record<string, number>[]> {
    await host.create(idOf('other'), sleeper);
    for (const id of ids) {
      await host.create(id, sleeper);
      await host.client.addProcess({ id, pid: 'late', ...exec });
    }
    const pids = await allPids(ids);
    await killDaemonAndShims(host);
    return pids;
  }

  async function endByHand(pid: number): Promise<void> {
    const left = processesInCgroup(host.cgroup).find((seen) => seen.pid === pid);
    expect(left).toBeDefined();
    if (left !== undefined) signalExactly(left, 'SIGKILL');
    await waitForExit(pid);
  }

  test.each(Object.keys(damages))('pid, or start time, of a container is %s: its start in the log says which process it is', async (how) => {
    const hurt = files.map((file) => ({ file, id: idOf(file) }));
    const ids = hurt.map(({ id }) => id);
    const pids = await abandoned(...ids);
    const contents = (): string[] => hurt.map(({ file, id }) => readFileSync(pathOf(id, 'init', file), 'utf8'));
    const before = contents();
    for (const { file, id } of hurt) damages[how]?.(pathOf(id, 'init', file));
    await host.startDaemon();
    expect(await allPids(ids)).toEqual(pids);
    expect(contents()).toEqual(before);
    const events = await host.events({ timestamp: epoch });
    await host.end();
    for (const id of ids) {
      await events.untilExit(id);
      expect(events.linesOf(id)).toEqual(['start-container', 'start-process late', 'exit late 137', 'exit init 137']);
    }
    await expectUntouched(host);
  });

  test('pid or start time of an exec is short, wrong or gone: its start in the log says which process it is', async () => {
    const hurt = some.map(([file, how]) => ({ file, how, id: slug(idOf(file), how) }));
    const ids = hurt.map(({ id }) => id);
    const pids = await abandoned(...ids);
    for (const { file, how, id } of hurt) damages[how]?.(pathOf(id, 'late', file));
    await host.startDaemon();
    expect(await allPids(ids)).toEqual(pids);
    const events = await host.events({ timestamp: epoch });
    for (const id of ids) {
      await host.client.signal(id, 9, 'late');
      expect((await events.untilExit(id, 'late')).status).toBe(137);
    }
    await host.end();
    await expectUntouched(host);
  });

  test('pid or start time of a container is short, wrong or gone, and so is the event log: the runtime knows the process', async () => {
    const hurt = some.map(([file, how]) => ({ file, how, id: slug(idOf(file), how) }));
    const ids = hurt.map(({ id }) => id);
    const pids = await abandoned(...ids);
    for (const { file, how, id } of hurt) damages[how]?.(pathOf(id, 'init', file));
    dropEventLog(host);
    await host.startDaemon();
    expect(await allPids(ids)).toEqual(pids);
    await host.end();
    await expectUntouched(host);
  });

  test('pid or start time of a container is short, wrong or gone, log and runtime know nothing: set aside, alive', async () => {
    const hurt = some.map(([file, how]) => ({ file, how, id: slug(idOf(file), how) }));
    const ids = hurt.map(({ id }) => id);
    const pids = await abandoned(...ids);
    for (const { file, how, id } of hurt) damages[how]?.(pathOf(id, 'init', file));
    dropEventLog(host);
    const records = ids.map((id) => join(host.runtimeRoot, id, 'state.json'));
    const kept = records.map((record) => readFileSync(record));
    for (const record of records) writeFileSync(record, '{"unreadable');
    await host.startDaemon();
    expect(await known()).toEqual([idOf('other')]);
    expect(removeSetAside(host)).toEqual([...ids].sort());
    for (const { init } of pids) await endByHand(init ?? 0);
    for (const [at, record] of records.entries()) writeFileSync(record, kept[at] ?? '');
    for (const id of ids) await host.runtime('delete', '--force', id);
    await host.end();
    await expectUntouched(host);
  });

  test('an exec that the log does not know is recovered by what is left of its identity; where pid and start time are short it is set aside', async () => {
    const hurt = [['pid'], ['starttime'], ['pid', 'starttime']].map((short) => ({ short, id: slug(idOf('short'), ...short) }));
    const ids = hurt.map(({ id }) => id);
    const pids = await abandoned(...ids);
    for (const { short, id } of hurt) for (const file of short) damages['shortened']?.(pathOf(id, 'late', file));
    dropEventLog(host);
    await host.startDaemon();
    const { late, ...rest } = pids[2] ?? {};
    expect(await allPids(ids)).toEqual([pids[0], pids[1], rest]);
    expect(removeSetAside(host)).toEqual([`${ids[2] ?? ''}-late`]);
    expect(processesInCgroup(host.cgroup).map(({ pid }) => pid)).toContain(late);
    await host.end();
    await expectUntouched(host);
  });

  test('all files of the first process are gone: the log knows it, and the container is recovered', async () => {
    const id = idOf('hurt');
    const pids = await abandoned(id);
    for (const name of readdirSync(join(host.stateDir, id, 'init'))) rmSync(pathOf(id, 'init', name));
    await host.startDaemon();
    expect(await allPids([id])).toEqual(pids);
    await host.end();
    await expectUntouched(host);
  });

  test('the directory of the first process is gone: set aside, alive', async () => {
    const id = idOf('hurt');
    const [pids] = await abandoned(id);
    rmSync(join(host.stateDir, id, 'init'), { recursive: true });
    await host.startDaemon();
    expect(await known()).toEqual([idOf('other')]);
    expect(removeSetAside(host)).toEqual([id]);
    await endByHand(pids?.['init'] ?? 0);
    await host.runtime('delete', '--force', id);
    await host.end();
    await expectUntouched(host);
  });

  test.each([true, false])('a process that has ended is told as ended, its files whole (log kept: %s)', async (isKept) => {
    const id = idOf('hurt');
    const [pids] = await abandoned(id);
    await endByHand(pids?.['init'] ?? 0);
    if (!isKept) dropEventLog(host);
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await events.untilExit(id);
    expect(await known()).toEqual([idOf('other')]);
    expect(existsSync(join(host.stateDir, id))).toBe(false);
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

  test('pid or start time is short, wrong or gone: signals reach the process and no other', async () => {
    const hurt = some.map(([file, how]) => ({ file, how, id: slug(file, how) }));
    for (const { id } of hurt) await host.create(id, sleeper);
    const pidsNow = (): Promise<readonly number[]> => Promise.all(hurt.map(async ({ id }) => (await host.initOf(id)).systemPid));
    const pids = await pidsNow();
    await host.stopDaemon('SIGKILL');
    for (const { file, how, id } of hurt) damages[how]?.(join(host.stateDir, id, 'init', file));
    await host.startDaemon();
    expect(await pidsNow()).toEqual(pids);
    const events = await host.events();
    for (const [at, { id }] of hurt.entries()) {
      await host.client.signal(id, 9);
      expect((await events.untilExit(id)).status).toBe(137);
      expect((await host.client.state()).containers.map((one) => one.id).sort()).toEqual(hurt.slice(at + 1).map((one) => one.id).sort());
    }
    await expectUntouched(host);
  });
});
