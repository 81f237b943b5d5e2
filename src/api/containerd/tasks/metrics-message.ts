import type { BlkIOEntry, MemoryEntry, MemoryStat, Metrics } from '../../gen/containerd/metrics/cgroups-v1';
import type { BlkioEntry, CgroupFigures, MemoryFigures, MemoryUsage } from '../../../runtime/cgroups/figures';

/**
 * The figures as the message that clients of cgroup version 1 know. `memory.usage`, `cpu.usage` and `cpu.throttling` are always there: dockerd
 * and ctr look into them without asking.
 */
export function metricsMessage({ cpu, memory, blkio, hugetlb, pids }: CgroupFigures): Metrics {
  return {
    hugetlb: Object.entries(hugetlb).map(([pagesize, { usage, maxUsage, failcnt }]) => ({ usage, max: maxUsage, failcnt, pagesize })),
    pids: { current: pids.current, limit: pids.limit },
    cpu: {
      usage: { total: cpu.total, kernel: cpu.kernel, user: cpu.user, per_cpu: [...cpu.perCpu] },
      throttling: { periods: cpu.periods, throttled_periods: cpu.throttledPeriods, throttled_time: cpu.throttledTime },
    },
    memory: memoryMessage(memory),
    blkio: {
      io_service_bytes_recursive: entries(blkio.serviceBytes),
      io_serviced_recursive: entries(blkio.serviced),
      io_queued_recursive: entries(blkio.queued),
      io_service_time_recursive: entries(blkio.serviceTime),
      io_wait_time_recursive: entries(blkio.waitTime),
      io_merged_recursive: entries(blkio.merged),
      io_time_recursive: entries(blkio.time),
      sectors_recursive: entries(blkio.sectors),
    },
    rdma: { current: [], limit: [] },
    network: [],
    cgroup_stats: undefined,
    memory_oom_control: undefined,
  };
}

/** Each line of memory.stat has a field of nearly its name (Documentation/admin-guide/cgroup-v1/memory.rst). */
function memoryMessage({ stats, usage, swap, kernel }: MemoryFigures): MemoryStat {
  const stat = (name: string): bigint => stats[name] ?? 0n;
  return {
    cache: stat('cache'),
    rss: stat('rss'),
    rss_huge: stat('rss_huge'),
    mapped_file: stat('mapped_file'),
    dirty: stat('dirty'),
    writeback: stat('writeback'),
    pg_pg_in: stat('pgpgin'),
    pg_pg_out: stat('pgpgout'),
    pg_fault: stat('pgfault'),
    pg_maj_fault: stat('pgmajfault'),
    inactive_anon: stat('inactive_anon'),
    active_anon: stat('active_anon'),
    inactive_file: stat('inactive_file'),
    active_file: stat('active_file'),
    unevictable: stat('unevictable'),
    hierarchical_memory_limit: stat('hierarchical_memory_limit'),
    hierarchical_swap_limit: stat('hierarchical_memsw_limit'),
    total_cache: stat('total_cache'),
    total_rss: stat('total_rss'),
    total_rss_huge: stat('total_rss_huge'),
    total_mapped_file: stat('total_mapped_file'),
    total_dirty: stat('total_dirty'),
    total_writeback: stat('total_writeback'),
    total_pg_pg_in: stat('total_pgpgin'),
    total_pg_pg_out: stat('total_pgpgout'),
    total_pg_fault: stat('total_pgfault'),
    total_pg_maj_fault: stat('total_pgmajfault'),
    total_inactive_anon: stat('total_inactive_anon'),
    total_active_anon: stat('total_active_anon'),
    total_inactive_file: stat('total_inactive_file'),
    total_active_file: stat('total_active_file'),
    total_unevictable: stat('total_unevictable'),
    usage: entry(usage),
    swap: entry(swap),
    kernel: entry(kernel),
    kernel_tcp: undefined,
  };
}

function entry({ limit, usage, maxUsage, failcnt }: MemoryUsage): MemoryEntry {
  return { limit, usage, max: maxUsage, failcnt };
}

function entries(list: readonly BlkioEntry[]): BlkIOEntry[] {
  return list.map(({ major, minor, op, value }) => ({ op, device: '', major, minor, value }));
}
