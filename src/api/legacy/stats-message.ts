import type { BlkioEntry, CgroupFigures, MemoryUsage } from '../../runtime/cgroups/figures';
import type { InterfaceFigures } from '../../runtime/cgroups/network';
import type { BlkioStatsEntry, CgroupStats, MemoryData, NetworkStats } from '../gen/legacy/api';

/** The figures as the message. All parts are set, since dockerd dereferences them. */
export function cgroupStatsMessage({ cpu, memory, blkio, hugetlb, pids }: CgroupFigures): CgroupStats {
  return {
    cpu_stats: {
      cpu_usage: {
        total_usage: cpu.total,
        percpu_usage: [...cpu.perCpu],
        usage_in_kernelmode: cpu.kernel,
        usage_in_usermode: cpu.user,
      },
      throttling_data: {
        periods: cpu.periods,
        throttled_periods: cpu.throttledPeriods,
        throttled_time: cpu.throttledTime,
      },
      system_usage: cpu.system,
    },
    memory_stats: {
      cache: memory.cache,
      usage: memoryMessage(memory.usage),
      swap_usage: memoryMessage(memory.swap),
      kernel_usage: memoryMessage(memory.kernel),
      stats: new Map(Object.entries(memory.stats)),
    },
    blkio_stats: {
      io_service_bytes_recursive: entries(blkio.serviceBytes),
      io_serviced_recursive: entries(blkio.serviced),
      io_queued_recursive: entries(blkio.queued),
      io_service_time_recursive: entries(blkio.serviceTime),
      io_wait_time_recursive: entries(blkio.waitTime),
      io_merged_recursive: entries(blkio.merged),
      io_time_recursive: entries(blkio.time),
      sectors_recursive: entries(blkio.sectors),
    },
    hugetlb_stats: new Map(Object.entries(hugetlb).map(([size, usage]) => [size, memoryMessage(usage)])),
    pids_stats: { current: pids.current, limit: pids.limit },
  };
}

/** One network interface as the message. */
export function networkStatsMessage(figures: InterfaceFigures): NetworkStats {
  return {
    name: figures.name,
    rx_bytes: figures.rxBytes,
    rx_Packets: figures.rxPackets,
    Rx_errors: figures.rxErrors,
    Rx_dropped: figures.rxDropped,
    Tx_bytes: figures.txBytes,
    Tx_packets: figures.txPackets,
    Tx_errors: figures.txErrors,
    Tx_dropped: figures.txDropped,
  };
}

function memoryMessage({ usage, maxUsage, failcnt, limit }: MemoryUsage): MemoryData {
  return { usage, max_usage: maxUsage, failcnt, limit };
}

function entries(list: readonly BlkioEntry[]): BlkioStatsEntry[] {
  return list.map(({ major, minor, op, value }) => ({ major, minor, op, value }));
}
