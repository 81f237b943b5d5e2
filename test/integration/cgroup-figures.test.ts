import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ContainerCgroup } from '../../src/runtime/cgroups/cgroup';
import type { BlkioEntry, CgroupFigures, MemoryUsage } from '../../src/runtime/cgroups/figures';
import { findCgroup } from '../../src/runtime/cgroups/find';
import { readFreezerState, thaw } from '../../src/runtime/cgroups/freezer';
import { readNetworkFigures } from '../../src/runtime/cgroups/network';
import { openOomSource } from '../../src/runtime/cgroups/open-oom-source';
import { readPids } from '../../src/runtime/cgroups/pids';
import { readFigures } from '../../src/runtime/cgroups/read-figures';
import { parseJson, printJson } from '../../src/runtime/json';
import { type BundleOptions, ociSpec, writeBundle } from '../support/bundle';
import { describeOnHost, realContainers } from '../support/requires';

/** What `runc events --stats` prints, as far as it is compared; its zero fields are absent. */
interface RuncStats {
  readonly cpu: {
    readonly usage: { total?: Count; percpu?: Count[]; kernel?: Count; user?: Count };
    readonly throttling: { periods?: Count; throttledPeriods?: Count; throttledTime?: Count };
  };
  readonly memory: {
    readonly cache?: Count;
    readonly usage: RuncMemory;
    readonly swap: RuncMemory;
    readonly kernel: RuncMemory;
    readonly raw: Record<string, Count>;
  };
  readonly pids: { current?: Count; limit?: Count };
  readonly blkio: Record<string, readonly { major?: Count; minor?: Count; op?: string; value?: Count }[]>;
  readonly hugetlb: Record<string, { usage?: Count; max?: Count; failcnt?: Count }>;
}
type Count = number | bigint;
type RuncMemory = { usage?: Count; max?: Count; failcnt?: Count; limit?: Count };

const blkioNames = {
  serviceBytes: 'ioServiceBytesRecursive',
  serviced: 'ioServicedRecursive',
  queued: 'ioQueueRecursive',
  serviceTime: 'ioServiceTimeRecursive',
  waitTime: 'ioWaitTimeRecursive',
  merged: 'ioMergedRecursive',
  time: 'ioTimeRecursive',
  sectors: 'sectorsRecursive',
} as const satisfies Record<keyof CgroupFigures['blkio'], string>;

const exact = (count: Count | undefined) => BigInt(count ?? 0);
const memoryOf = (told: RuncMemory): MemoryUsage => ({
  usage: exact(told.usage),
  maxUsage: exact(told.max),
  failcnt: exact(told.failcnt),
  limit: exact(told.limit),
});

/** What runc said, in our terms. The machine's CPU time and the limits of huge pages are ours alone. */
function comparable(stats: RuncStats) {
  const { cpu, memory, pids, blkio, hugetlb } = stats;
  const entriesOf = (name: string): BlkioEntry[] =>
    (blkio[name] ?? []).map(({ major, minor, op, value }) => ({
      major: exact(major),
      minor: exact(minor),
      op: op ?? '',
      value: exact(value),
    }));
  return {
    cpu: {
      total: exact(cpu.usage.total),
      perCpu: (cpu.usage.percpu ?? []).map(exact),
      kernel: exact(cpu.usage.kernel),
      user: exact(cpu.usage.user),
      periods: exact(cpu.throttling.periods),
      throttledPeriods: exact(cpu.throttling.throttledPeriods),
      throttledTime: exact(cpu.throttling.throttledTime),
    },
    memory: {
      cache: exact(memory.cache),
      usage: memoryOf(memory.usage),
      swap: memoryOf(memory.swap),
      kernel: memoryOf(memory.kernel),
      stats: Object.fromEntries(Object.entries(memory.raw).map(([name, value]) => [name, exact(value)])),
    },
    blkio: Object.fromEntries(Object.entries(blkioNames).map(([ours, theirs]) => [ours, entriesOf(theirs)])),
    hugetlb: Object.fromEntries(
      Object.entries(hugetlb).map(([size, { usage, max, failcnt }]) => [
        size,
        { usage: exact(usage), maxUsage: exact(max), failcnt: exact(failcnt) },
      ]),
    ),
    pids: { current: exact(pids.current), limit: exact(pids.limit) },
  };
}

function withoutOurs({ cpu, memory, blkio, hugetlb, pids }: CgroupFigures) {
  const { system: _, ...comparableCpu } = cpu;
  return {
    cpu: comparableCpu,
    memory,
    blkio,
    hugetlb: Object.fromEntries(Object.entries(hugetlb).map(([size, { limit: __, ...rest }]) => [size, rest])),
    pids,
  };
}

describeOnHost('the cgroup of a container of bare runc', [...realContainers, 'memory controller', 'freezer'], () => {
  const id = `holdfast-figures-${process.pid}`;
  let directory: string;
  let cgroup: ContainerCgroup;
  let initPid: number;

  const runc = (...args: string[]) =>
    execFileSync('runc', ['--root', join(directory, 'runc'), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  // With an output pipe of its own the container would hold up the call until it ends.
  const runcDetached = (...args: string[]) =>
    execFileSync('runc', ['--root', join(directory, 'runc'), ...args], { stdio: 'ignore' });

  /** In a cgroup namespace of its own, as current clients ask for. */
  function start(options: BundleOptions): void {
    const bundle = writeBundle(join(directory, 'bundle'), options);
    const spec = ociSpec(options);
    const namespaces = [...spec.linux.namespaces, { type: 'cgroup' }];
    const resources = { ...spec.linux.resources, pids: { limit: 100 } };
    writeFileSync(join(bundle, 'config.json'), printJson({ ...spec, linux: { ...spec.linux, namespaces, resources } }));
    runcDetached('run', '--detach', '--bundle', bundle, '--pid-file', join(directory, 'pid'), id);
    initPid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    cgroup = findCgroup(initPid);
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-figures-'));
  });
  afterEach(() => {
    runcDetached('delete', '--force', id);
    expect(() => readPids(cgroup)).toThrow(expect.objectContaining({ code: 'gone' }) as Error);
    rmSync(directory, { recursive: true });
  });

  test('figure by figure what runc says of an idle container', () => {
    start({ args: ['sleep', '100'], memoryLimit: 64 << 20 });
    // Until nothing of it changes any more while runc looks: the program has to be loaded first.
    for (let attempt = 1; ; attempt++) {
      expect(attempt).toBeLessThan(100);
      const before = withoutOurs(readFigures(cgroup));
      const { data } = parseJson(runc('events', '--stats', id)) as { data: RuncStats };
      const after = withoutOurs(readFigures(cgroup));
      if (printJson(before) !== printJson(after)) continue;
      expect(after).toEqual(comparable(data));
      expect(after.cpu.total).toBeGreaterThan(0n);
      expect(after.memory.usage.limit).toBe(64n << 20n);
      expect(after.pids).toEqual({ current: 1n, limit: 100n });
      break;
    }
    expect(readNetworkFigures(initPid)).toEqual([
      { name: 'lo', rxBytes: 0n, rxPackets: 0n, rxErrors: 0n, rxDropped: 0n, txBytes: 0n, txPackets: 0n, txErrors: 0n, txDropped: 0n },
    ]);
  });

  test('its pids, and whether it is paused', () => {
    start({ args: ['sleep', '100'] });
    expect(readPids(cgroup)).toEqual([initPid]);
    runcDetached('exec', '--detach', '--pid-file', join(directory, 'exec-pid'), id, 'sleep', '100');
    const execPid = Number(readFileSync(join(directory, 'exec-pid'), 'utf8'));
    expect(readPids(cgroup).sort((a, b) => a - b)).toEqual([initPid, execPid].sort((a, b) => a - b));
    expect(readFreezerState(cgroup)).toBe('running');
    runc('pause', id);
    expect(readFreezerState(cgroup)).toBe('paused');
    expect(readPids(cgroup)).toHaveLength(2);
    thaw(cgroup);
    expect(readFreezerState(cgroup)).toBe('running');
    expect(runc('state', id)).toContain('"status": "running"');
  });

  test('a kill of a child by the OOM killer', () => {
    start({ args: ['sleep', '100'], memoryLimit: 16 << 20 });
    const source = openOomSource(cgroup);
    expect(source?.consume()).toBe(0);
    expect(() => runcDetached('exec', id, 'tail', '/dev/zero')).toThrow(expect.objectContaining({ status: 137 }) as Error);
    expect(source?.consume()).toBe(1);
    expect(source?.unsettled).toBe(false);
    source?.close();
    expect(readPids(cgroup)).toEqual([initPid]);
  });
});
