import type { BlkioStatsEntry, CgroupStats, MemoryData } from '../../src/api/gen/legacy/api';
import { parseJson } from '../../src/runtime/json';

type Count = number | bigint;
type Memory = { usage?: Count; max?: Count; failcnt?: Count; limit?: Count };
type Entry = { major?: Count; minor?: Count; op?: string; value?: Count };

/** What `runc events --stats` prints; its zero fields are absent. */
interface RuntimeStats {
  readonly cpu: {
    readonly usage: { total?: Count; percpu?: Count[]; kernel?: Count; user?: Count };
    readonly throttling: { periods?: Count; throttledPeriods?: Count; throttledTime?: Count };
  };
  readonly memory: { cache?: Count; usage: Memory; swap: Memory; kernel: Memory; raw: Record<string, Count> };
  readonly pids: { current?: Count; limit?: Count };
  readonly blkio: Record<string, readonly Entry[]>;
  readonly hugetlb: Record<string, Memory>;
}

/**
 * What the runtime says of a container, as the message of the API. The machine's CPU time and the limits of huge
 * pages, which it does not tell, are left out.
 */
export function statsOfRuntime(printed: string) {
  const { cpu, memory, pids, blkio, hugetlb } = (parseJson(printed) as { data: RuntimeStats }).data;
  return {
    cpu_usage: {
      total_usage: exact(cpu.usage.total),
      percpu_usage: (cpu.usage.percpu ?? []).map(exact),
      usage_in_kernelmode: exact(cpu.usage.kernel),
      usage_in_usermode: exact(cpu.usage.user),
    },
    throttling_data: {
      periods: exact(cpu.throttling.periods),
      throttled_periods: exact(cpu.throttling.throttledPeriods),
      throttled_time: exact(cpu.throttling.throttledTime),
    },
    memory_stats: {
      cache: exact(memory.cache),
      usage: memoryData(memory.usage),
      swap_usage: memoryData(memory.swap),
      kernel_usage: memoryData(memory.kernel),
      stats: new Map(Object.entries(memory.raw).map(([name, value]) => [name, exact(value)])),
    },
    blkio_stats: {
      io_service_bytes_recursive: entries(blkio['ioServiceBytesRecursive']),
      io_serviced_recursive: entries(blkio['ioServicedRecursive']),
      io_queued_recursive: entries(blkio['ioQueueRecursive']),
      io_service_time_recursive: entries(blkio['ioServiceTimeRecursive']),
      io_wait_time_recursive: entries(blkio['ioWaitTimeRecursive']),
      io_merged_recursive: entries(blkio['ioMergedRecursive']),
      io_time_recursive: entries(blkio['ioTimeRecursive']),
      sectors_recursive: entries(blkio['sectorsRecursive']),
    },
    hugetlb_stats: new Map(Object.entries(hugetlb).map(([size, usage]) => [size, { ...memoryData(usage), limit: 0n }])),
    pids_stats: { current: exact(pids.current), limit: exact(pids.limit) },
  };
}

/** The daemon's answer, without what the runtime does not tell. */
export function comparableStats(stats: CgroupStats | undefined) {
  const { cpu_stats: cpu, memory_stats, blkio_stats, hugetlb_stats, pids_stats } = stats ?? {};
  return {
    cpu_usage: cpu?.cpu_usage,
    throttling_data: cpu?.throttling_data,
    memory_stats,
    blkio_stats,
    hugetlb_stats: new Map([...(hugetlb_stats ?? [])].map(([size, usage]) => [size, { ...usage, limit: 0n }])),
    pids_stats,
  };
}

function memoryData({ usage, max, failcnt, limit }: Memory): MemoryData {
  return { usage: exact(usage), max_usage: exact(max), failcnt: exact(failcnt), limit: exact(limit) };
}

function entries(list: readonly Entry[] = []): BlkioStatsEntry[] {
  return list.map(({ major, minor, op, value }) => ({ major: exact(major), minor: exact(minor), op: op ?? '', value: exact(value) }));
}

function exact(count: Count | undefined): bigint {
  return BigInt(count ?? 0);
}
