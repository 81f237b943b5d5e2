import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';

import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { OomEventsSource } from '../../../../src/runtime/cgroups/oom-events-source';
import { readOomKills } from '../../../../src/runtime/cgroups/oom-kills';
import { openOomSource } from '../../../../src/runtime/cgroups/open-oom-source';
import { Poller } from '../../../../src/sys/poller';
import { expectGone } from './expect-gone';
import { copyRecordedTree, type RecordedTree } from './recorded-tree';

describe('OOM kills by memory.events, on a recorded tree', () => {
  let tree: RecordedTree;
  beforeEach(() => (tree = copyRecordedTree('v2')));
  afterEach(() => tree.remove());

  const cgroupOf = () => findCgroup(4242, tree.procRoot);
  const setKills = (count: number) =>
    writeFileSync(`${cgroupOf().unified}/memory.events`, `low 0\nhigh 0\nmax 20\noom 9\noom_kill ${count}\noom_group_kill 0\n`);

  test('only a risen oom_kill counts', () => {
    const source = openOomSource(cgroupOf());
    expect(source).toMatchObject({ interest: 'pri', unsettled: false, kills: 2 });
    expect(source?.consume()).toBe(0);
    setKills(5);
    expect(source?.consume()).toBe(3);
    expect(source?.consume()).toBe(0);
    expect(source?.kills).toBe(5);
    expect(readOomKills(cgroupOf())).toBe(5);
    source?.close();
    source?.close();
    expect(source?.consume()).toBe(0);
  });

  test('what was killed while nobody watched', () => {
    const source = openOomSource(cgroupOf(), { knownKills: 1 });
    expect(source?.kills).toBe(1);
    expect(source?.consume()).toBe(1);
    expect(source?.kills).toBe(2);
    source?.close();
  });

  test('gone, and none', () => {
    const cgroup = cgroupOf();
    rmSync(tree.cgroupRoot, { recursive: true });
    expectGone(() => openOomSource(cgroup));
    expect(readOomKills(cgroup)).toBeUndefined();
    expect(openOomSource({ controllers: {}, hugePageSizes: [] })).toBeUndefined();
  });
});

const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.controllers`));
const describeOnVersion2 = unified !== undefined && process.getuid?.() === 0 ? describe : describe.skip;

// Where the memory controller is in version 1, version 2 has no memory.events; cgroup.events notifies alike.
describeOnVersion2('notifications of a real file of version 2', () => {
  const directory = `${unified ?? ''}/holdfast-test-${process.pid}`;
  let poller: Poller;
  beforeEach(() => {
    mkdirSync(directory);
    poller = new Poller((error) => {
      throw error;
    });
    poller.ref();
  });
  afterEach(() => {
    poller.close();
    rmdirSync(directory);
  });

  test('come for each change, and at once where a count is to be compared', async () => {
    const quiet = new OomEventsSource(`${directory}/cgroup.events`, undefined);
    const comparing = new OomEventsSource(`${directory}/cgroup.events`, 0);
    const woken = (source: OomEventsSource) =>
      new Promise<void>((resolve) => {
        const watch = poller.watch(source.fd, { pri: true }, () => {
          watch.close();
          resolve();
        });
      });
    let changed = false;
    const change = woken(quiet).then(() => (changed = true));
    await woken(comparing);
    expect(changed).toBe(false);

    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    writeFileSync(`${directory}/cgroup.procs`, `${child.pid}`);
    await change;
    expect(quiet.consume()).toBe(0);
    const nextChange = woken(quiet);
    child.kill('SIGKILL');
    await nextChange;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    quiet.close();
    comparing.close();
  });
});
