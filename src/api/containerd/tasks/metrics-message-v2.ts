import type { Metrics } from '../../gen/containerd/metrics/cgroups-v2';
import type { BlkioEntry, CgroupFigures } from '../../../runtime/cgroups/figures';

const nsPerMicrosecond = 1000n;

/** The figures as the message that clients of cgroup version 2 know; what the kernel has no figure for is 0. */
export function metricsMessageV2({ cpu, memory, blkio, hugetlb, pids }: CgroupFigures): Metrics {
  const stat = (name: string): bigint => memory.stats[name] ?? 0n;
  return {
    pids: { current: pids.current, limit: pids.limit },
    cpu: {
      usage_usec: cpu.total / nsPerMicrosecond,
      user_usec: cpu.user / nsPerMicrosecond,
      system_usec: cpu.kernel / nsPerMicrosecond,
      nr_periods: cpu.periods,
      nr_throttled: cpu.throttledPeriods,
      throttled_usec: cpu.throttledTime / nsPerMicrosecond,
      psi: undefined,
      nr_bursts: 0n,
      burst_usec: 0n,
    },
    memory: {
      anon: stat('anon'),
      file: stat('file'),
      kernel_stack: stat('kernel_stack'),
      slab: stat('slab'),
      sock: stat('sock'),
      shmem: stat('shmem'),
      file_mapped: stat('file_mapped'),
      file_dirty: stat('file_dirty'),
      file_writeback: stat('file_writeback'),
      anon_thp: stat('anon_thp'),
      inactive_anon: stat('inactive_anon'),
      active_anon: stat('active_anon'),
      inactive_file: stat('inactive_file'),
      active_file: stat('active_file'),
      unevictable: stat('unevictable'),
      slab_reclaimable: stat('slab_reclaimable'),
      slab_unreclaimable: stat('slab_unreclaimable'),
      pgfault: stat('pgfault'),
      pgmajfault: stat('pgmajfault'),
      workingset_refault: stat('workingset_refault_file'),
      workingset_activate: stat('workingset_activate_file'),
      workingset_nodereclaim: stat('workingset_nodereclaim'),
      pgrefill: stat('pgrefill'),
      pgscan: stat('pgscan'),
      pgsteal: stat('pgsteal'),
      pgactivate: stat('pgactivate'),
      pgdeactivate: stat('pgdeactivate'),
      pglazyfree: stat('pglazyfree'),
      pglazyfreed: stat('pglazyfreed'),
      thp_fault_alloc: stat('thp_fault_alloc'),
      thp_collapse_alloc: stat('thp_collapse_alloc'),
      usage: memory.usage.usage,
      usage_limit: memory.usage.limit,
      // Counted by itself, where the figures have both together.
      swap_usage: beyond(memory.swap.usage, memory.usage.usage),
      swap_limit: beyond(memory.swap.limit, memory.usage.limit),
      max_usage: memory.usage.maxUsage,
      swap_max_usage: 0n,
      psi: undefined,
      workingset_refault_anon: stat('workingset_refault_anon'),
      workingset_refault_file: stat('workingset_refault_file'),
      workingset_activate_anon: stat('workingset_activate_anon'),
      workingset_activate_file: stat('workingset_activate_file'),
    },
    rdma: { current: [], limit: [] },
    io: { usage: ioEntries(blkio.serviceBytes, blkio.serviced), psi: undefined },
    hugetlb: Object.entries(hugetlb).map(([pagesize, { usage, limit, failcnt }]) => ({ current: usage, max: limit, pagesize, failcnt })),
    memory_events: { low: 0n, high: 0n, max: memory.usage.failcnt, oom: 0n, oom_kill: 0n, oom_group_kill: 0n },
    network: [],
  };
}

function beyond(sum: bigint, part: bigint): bigint {
  return sum > part ? sum - part : 0n;
}

interface DeviceIo {
  major: bigint;
  minor: bigint;
  rbytes: bigint;
  wbytes: bigint;
  rios: bigint;
  wios: bigint;
}

function ioEntries(bytes: readonly BlkioEntry[], requests: readonly BlkioEntry[]): DeviceIo[] {
  const devices = new Map<string, DeviceIo>();
  const add = (list: readonly BlkioEntry[], reads: 'rbytes' | 'rios', writes: 'wbytes' | 'wios'): void => {
    for (const { major, minor, op, value } of list) {
      const name = `${String(major)}:${String(minor)}`;
      const device = devices.get(name) ?? { major, minor, rbytes: 0n, wbytes: 0n, rios: 0n, wios: 0n };
      devices.set(name, device);
      if (op === 'Read') device[reads] += value;
      if (op === 'Write') device[writes] += value;
    }
  };
  add(bytes, 'rbytes', 'wbytes');
  add(requests, 'rios', 'wios');
  return [...devices.values()];
}
