import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

import { readOomKills } from '../../../../src/runtime/cgroups/oom-kills';
import type { OomSource, OomSourceOptions } from '../../../../src/runtime/cgroups/oom-source';
import { openOomSource } from '../../../../src/runtime/cgroups/open-oom-source';
import { Poller } from '../../../../src/sys/poller';
import { expectGone } from './expect-gone';
import { describeOnVersion1, makeRealCgroup, type RealCgroup } from './real-cgroup';

describeOnVersion1('OOM kills by memory.oom_control, of a real cgroup', 'memory', () => {
  let cgroup: RealCgroup;
  let poller: Poller;
  const sources: OomSource[] = [];
  const directory = () => cgroup.controllers['memory'] ?? '';

  beforeEach(() => {
    cgroup = makeRealCgroup('memory');
    writeFileSync(`${directory()}/memory.limit_in_bytes`, `${8 << 20}`);
    writeFileSync(`${directory()}/memory.swappiness`, '0');
    poller = new Poller((error) => {
      throw error;
    });
    poller.ref();
  });
  afterEach(() => {
    poller.close();
    for (const source of sources.splice(0)) source.close();
  });

  const open = (options?: OomSourceOptions): OomSource => {
    const source = openOomSource(cgroup, options);
    if (source === undefined) throw new Error('no memory controller');
    sources.push(source);
    return source;
  };
  const ready = (source: OomSource) =>
    new Promise<void>((resolve) => {
      const watch = poller.watch(source.fd, { in: true }, () => {
        watch.close();
        resolve();
      });
    });
  /** Takes memory in the cgroup until it is killed. */
  const eater = (below = ''): ChildProcess =>
    spawn('sh', ['-c', `echo $$ > ${directory()}${below}/cgroup.procs; exec tail /dev/zero`], { stdio: 'ignore' });
  const eat = async (below = '') => {
    expect(await once(eater(below), 'exit')).toEqual([null, 'SIGKILL']);
  };

  test('a kill wakes, and is counted once', async () => {
    const source = open();
    expect(source).toMatchObject({ interest: 'in', kills: 0, unsettled: false });
    expect(source.consume()).toBe(0);
    const wake = ready(source);
    const child = eater();
    const ended = once(child, 'exit');
    await wake;
    // The announcement may come before the kill is counted; at the end of the process it has been.
    const early = source.consume();
    expect(source.unsettled).toBe(early === 0);
    await ended;
    expect(early + source.consume()).toBe(1);
    expect(source.unsettled).toBe(false);
    expect(source.kills).toBe(1);
    expect(readOomKills(cgroup)).toBe(1);
    cgroup.remove();
    await ready(source);
    expect(source.consume()).toBe(0);
  });

  test('a kill in a cgroup below, which may be removed afterwards', async () => {
    mkdirSync(`${directory()}/sub`);
    const source = open();
    await eat('/sub');
    expect(readOomKills(cgroup)).toBe(1);
    expect(source.consume()).toBe(1);
    rmdirSync(`${directory()}/sub`);
    expect(source.consume()).toBe(0);
    await eat();
    expect(source.consume()).toBe(1);
    expect(source.kills).toBe(2);
    cgroup.remove();
  });

  test('a removal alone is no OOM', async () => {
    const source = open();
    cgroup.remove();
    await ready(source);
    expect(source.consume()).toBe(0);
    expect(source.kills).toBe(0);
    expect(readOomKills(cgroup)).toBeUndefined();
    expectGone(() => open());
  });

  test('a kill whose cgroup is removed before anyone looks', async () => {
    const source = open();
    await eat();
    cgroup.remove();
    // The announcement and, in a moment, the removal.
    while (source.presumed === 0) {
      await ready(source);
      expect(source.consume()).toBe(0);
    }
    expect(source).toMatchObject({ presumed: 1, kills: 0, unsettled: false });
    expect(source.consume()).toBe(0);
    expect(source.presumed).toBe(1);
  });

  test('what was killed while nobody watched', async () => {
    await eat();
    expect(open().kills).toBe(1);
    const knowing = open({ knownKills: 1 });
    expect(knowing.consume()).toBe(0);
    const late = open({ knownKills: 0 });
    await ready(late);
    expect(late.consume()).toBe(1);
    expect(late).toMatchObject({ kills: 1, unsettled: false });
    cgroup.remove();
  });

  test('an announcement that no kill follows is forgotten', async () => {
    mkdirSync(`${directory()}/victim`);
    mkdirSync(`${directory()}/bystander`);
    let now = 0;
    const bystander = openOomSource(
      { controllers: { memory: `${directory()}/bystander` }, hugePageSizes: [] },
      { now: () => now },
    );
    if (bystander === undefined) throw new Error('no memory controller');
    sources.push(bystander);
    await eat('/victim');
    await ready(bystander);
    expect(bystander.consume()).toBe(0);
    expect(bystander.unsettled).toBe(true);
    now += 1000;
    expect(bystander.unsettled).toBe(false);
    cgroup.remove('victim', 'bystander');
    await ready(bystander);
    expect(bystander.consume()).toBe(0);
  });

  describe('where nobody may be killed', () => {
    beforeEach(() => {
      writeFileSync(`${directory()}/memory.oom_control`, '1');
    });
    /** It waits for memory that does not come, until it is killed by hand. */
    const stop = async (child: ChildProcess): Promise<void> => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    };

    test('what wants memory waits, and that is told once for each time', async () => {
      let nowMs = 0;
      const source = open({ now: () => nowMs });
      const wake = ready(source);
      const child = eater();
      await wake;
      expect(source.consume()).toBe(1);
      expect(source).toMatchObject({ kills: 1, stalls: 1, unsettled: false, presumed: 0 });
      expect(source.consume()).toBe(0);
      await stop(child);
      nowMs += 2000;
      const second = ready(source);
      const other = eater();
      await second;
      expect(source.consume()).toBe(1);
      expect(source).toMatchObject({ kills: 2, stalls: 2 });
      await stop(other);
      expect(readOomKills(cgroup)).toBe(0);
      cgroup.remove();
    });

    test('what follows at once is the same time', async () => {
      const source = open({ now: () => 0 });
      for (const stalls of [1, 0]) {
        const wake = ready(source);
        const child = eater();
        await wake;
        expect(source.consume()).toBe(stalls);
        await stop(child);
      }
      cgroup.remove();
    });

    test('after a restart it is told of where it was not, and not again where it was; and so are kills', async () => {
      const first = open();
      const wake = ready(first);
      const child = eater();
      await wake;
      first.close();
      const untold = open({ knownKills: 0, knownStalls: 0 });
      await ready(untold);
      expect(untold.consume()).toBe(1);
      const told = open({ knownKills: 1, knownStalls: 1 });
      expect(told.consume()).toBe(0);
      expect(told.stalls).toBe(1);
      writeFileSync(`${directory()}/memory.oom_control`, '0');
      await once(child, 'exit');
      const later = open({ knownKills: 1, knownStalls: 1 });
      await ready(later);
      expect(later.consume()).toBe(1);
      expect(later).toMatchObject({ kills: 2, stalls: 1 });
      cgroup.remove();
    });
  });
});
