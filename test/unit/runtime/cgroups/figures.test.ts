import { rmSync } from 'node:fs';

import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { readFigures } from '../../../../src/runtime/cgroups/read-figures';
import { expectGone } from './expect-gone';
import { copyRecordedTree, type RecordedTree } from './recorded-tree';

const unlimited = 18446744073709551615n;
const entries = (...list: [number, number, string, number][]) =>
  list.map(([major, minor, op, value]) => ({ major: BigInt(major), minor: BigInt(minor), op, value: BigInt(value) }));

describe('readFigures on recorded trees', () => {
  const trees: RecordedTree[] = [];
  const figuresOf = (name: 'v1' | 'v2' | 'hybrid', change?: (tree: RecordedTree) => void) => {
    const tree = copyRecordedTree(name);
    trees.push(tree);
    const cgroup = findCgroup(4242, tree.procRoot);
    change?.(tree);
    return readFigures(cgroup, tree.procRoot);
  };
  afterEach(() => trees.splice(0).forEach((tree) => tree.remove()));

  test('version 1', () => {
    const { cpu, memory, blkio, hugetlb, pids } = figuresOf('v1');
    expect(cpu).toEqual({
      total: 16514644n,
      perCpu: [7798140n, 8716504n],
      kernel: 3_450_000_000n,
      user: 120_000_000n,
      periods: 210n,
      throttledPeriods: 33n,
      throttledTime: 1234567890n,
      system: (74608n + 2520n + 24433n + 1117073n + 6176n + 4054n + 1234n) * 10_000_000n,
    });
    expect(memory).toEqual({
      cache: 12288n,
      usage: { usage: 729088n, maxUsage: 2789376n, failcnt: 3n, limit: 67108864n },
      swap: { usage: 733184n, maxUsage: 2793472n, failcnt: 4n, limit: 134217728n },
      kernel: { usage: 274432n, maxUsage: 552960n, failcnt: 0n, limit: 9223372036854771712n },
      stats: {
        cache: 12288n,
        rss: 53248n,
        rss_huge: 0n,
        pgfault: 771n,
        hierarchical_memory_limit: 67108864n,
        hierarchical_memsw_limit: unlimited,
        total_cache: 12288n,
        total_rss: 53248n,
      },
    });
    expect(blkio.sectors).toEqual(entries([8, 0, '', 6792], [253, 0, '', 8]));
    expect(blkio.time).toEqual(entries([8, 0, '', 512]));
    expect(blkio.queued).toEqual(entries([8, 0, 'Read', 0], [8, 0, 'Write', 0], [8, 0, 'Total', 0]));
    expect(blkio.serviced).toEqual(
      entries(
        [8, 0, 'Read', 124],
        [8, 0, 'Write', 104],
        [8, 0, 'Sync', 124],
        [8, 0, 'Async', 104],
        [8, 0, 'Total', 228],
        [253, 0, 'Read', 4096],
        [253, 0, 'Total', 4096],
      ),
    );
    expect(blkio.serviceBytes[0]?.value).toBe(1282048n);
    expect(blkio.serviceTime[0]?.value).toBe(48_000_000n);
    expect(blkio.waitTime[1]?.value).toBe(7n);
    expect(blkio.merged[1]?.value).toBe(2n);
    expect(hugetlb).toEqual({
      '2MB': { usage: 4194304n, maxUsage: 8388608n, failcnt: 1n, limit: 16777216n },
      '1GB': { usage: 0n, maxUsage: 0n, failcnt: 0n, limit: 9223372035781033984n },
    });
    expect(pids).toEqual({ current: 7n, limit: 0n });
  });

  test('version 1: block I/O from the throttling layer where no scheduler counts', () => {
    const { blkio } = figuresOf('v1', ({ root }) => rmSync(`${root}/with space/blkio/0123abcd/blkio.sectors_recursive`));
    expect(blkio.serviced.map(({ value }) => value)).toEqual([1n, 1n, 1n, 1n, 2n, 4096n, 4096n]);
    expect(blkio.sectors).toEqual([]);
    expect(blkio.serviceTime).toEqual([]);
  });

  test('version 2', () => {
    const { cpu, memory, blkio, hugetlb, pids } = figuresOf('v2');
    expect(cpu).toMatchObject({
      total: 18446744073709551000n,
      perCpu: [],
      kernel: 67_890_000n,
      user: 12_345_000n,
      periods: 210n,
      throttledPeriods: 33n,
      throttledTime: 1_234_567_000n,
    });
    expect(memory).toMatchObject({
      cache: 12288n,
      usage: { usage: 729088n, maxUsage: 2789376n, failcnt: 12n, limit: 67108864n },
      swap: { usage: 733184n, maxUsage: 0n, failcnt: 5n, limit: 134217728n },
      kernel: { usage: 0n, maxUsage: 0n, failcnt: 0n, limit: 0n },
    });
    expect(memory.stats).toMatchObject({ anon: 53248n, kernel: 274432n, pgfault: 771n });
    expect(Object.keys(memory.stats)).toHaveLength(15);
    expect(blkio.serviceBytes).toEqual(
      entries([8, 16, 'Read', 1459200], [8, 16, 'Write', 314773504], [8, 0, 'Read', 90430464], [8, 0, 'Write', 299008000]),
    );
    expect(blkio.serviced).toEqual(
      entries([8, 16, 'Read', 192], [8, 16, 'Write', 353], [8, 0, 'Read', 8950], [8, 0, 'Write', 1252]),
    );
    expect(hugetlb).toEqual({
      '2MB': { usage: 4194304n, maxUsage: 0n, failcnt: 3n, limit: 16777216n },
      '1GB': { usage: 0n, maxUsage: 0n, failcnt: 0n, limit: unlimited },
    });
    expect(pids).toEqual({ current: 7n, limit: 100n });
  });

  test('version 2 without swap accounting, or without a limit', () => {
    const scope = 'system.slice/docker-0123abcd.scope';
    const { memory } = figuresOf('v2', ({ cgroupRoot }) => rmSync(`${cgroupRoot}/${scope}/memory.swap.current`));
    expect(memory.swap).toEqual({ usage: 0n, maxUsage: 0n, failcnt: 0n, limit: 0n });
  });

  test('hybrid, where most figures are missing: zero, and every part is there', () => {
    const figures = figuresOf('hybrid');
    expect(figures.cpu).toMatchObject({ total: 99n, periods: 1n, kernel: 0n });
    expect(figures.memory).toMatchObject({ cache: 0n, usage: { usage: 4096n, limit: 0n }, stats: {} });
    expect(figures).toMatchObject({ blkio: { serviced: [] }, hugetlb: {}, pids: { current: 0n, limit: 0n } });
  });

  test('a cgroup that goes away while it is read', () => {
    expectGone(() => figuresOf('v1', ({ cgroupRoot }) => rmSync(`${cgroupRoot}/pids/docker`, { recursive: true })));
  });
});
