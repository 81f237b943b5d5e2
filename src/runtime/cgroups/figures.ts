/**
 * The figures of a container's cgroup, all sub-cgroups included. 64-bit values are exact. What the kernel
 * has no figure for is 0 (or empty). "v1" and "v2" are the cgroup versions; their documents are
 * Documentation/admin-guide/cgroup-v1/*.rst and Documentation/admin-guide/cgroup-v2.rst of the kernel.
 */
export interface CgroupFigures {
  readonly cpu: CpuFigures;
  readonly memory: MemoryFigures;
  readonly blkio: BlkioFigures;
  /** By page size as the kernel names it: `2MB`, `1GB`. */
  readonly hugetlb: Readonly<Record<string, HugetlbFigures>>;
  readonly pids: PidsFigures;
}

/** Times are in nanoseconds since the cgroup was made. */
export interface CpuFigures {
  /** ns used. v1 `cpuacct.usage` (cpuacct.rst); v2 `usage_usec` of `cpu.stat`, exact to the µs. */
  readonly total: bigint;
  /** ns used on each possible CPU, by its number. v1 `cpuacct.usage_percpu`; v2 has none. */
  readonly perCpu: readonly bigint[];
  /** ns in the kernel. v1 `system` of `cpuacct.stat`, exact to the tick of 10 ms; v2 `system_usec`. */
  readonly kernel: bigint;
  /** ns in user mode. v1 `user` of `cpuacct.stat`, exact to the tick of 10 ms; v2 `user_usec`. */
  readonly user: bigint;
  /** Number of enforcement periods that passed. `nr_periods` of `cpu.stat` (Documentation/scheduler/sched-bwc.rst). */
  readonly periods: bigint;
  /** Number of periods in which the quota was used up. `nr_throttled` of `cpu.stat`. */
  readonly throttledPeriods: bigint;
  /** ns that the cgroup was held back. v1 `throttled_time` of `cpu.stat`; v2 `throttled_usec`. */
  readonly throttledTime: bigint;
  /**
   * ns that all CPUs of the machine have spent since it was started, idle time included: user, nice,
   * system, idle, iowait, irq, softirq of the `cpu` line of /proc/stat (proc_stat(5), Documentation/filesystems/proc.rst).
   */
  readonly system: bigint;
}

/** One kind of memory; v1 files `memory[.memsw|.kmem].…` (memory.rst). */
export interface MemoryUsage {
  /** Bytes now. v1 `usage_in_bytes`; v2 `memory.current`. */
  readonly usage: bigint;
  /** Bytes at the most so far. v1 `max_usage_in_bytes`; v2 `memory.peak` (Linux 5.19). */
  readonly maxUsage: bigint;
  /** How often the limit was hit. v1 `failcnt`; v2 `max` of `memory.events`. */
  readonly failcnt: bigint;
  /** Bytes. v1 `limit_in_bytes`, where no limit is 2^63 less a page; v2 `memory.max`, where it is 2^64 - 1. */
  readonly limit: bigint;
}

export interface MemoryFigures {
  /** Bytes of page cache. v1 `cache` of `memory.stat`; v2 `file`. */
  readonly cache: bigint;
  readonly usage: MemoryUsage;
  /**
   * Memory and swap together. v1 `memory.memsw.*`. v2 counts swap by itself, so `memory.current` and
   * `memory.max` are added to `memory.swap.current` and `memory.swap.max`; there is no peak of the sum (0), and
   * `failcnt` is the `max` of `memory.swap.events`. All 0 where swap is not accounted for.
   */
  readonly swap: MemoryUsage;
  /** Kernel memory (stacks, slabs, sockets, …). v1 `memory.kmem.*`; v2 has it in `stats` only (`kernel`). */
  readonly kernel: MemoryUsage;
  /** Every line of `memory.stat`, by its name: bytes, or numbers of events, as the two documents say. */
  readonly stats: Readonly<Record<string, bigint>>;
}

/** One figure of one block device. */
export interface BlkioEntry {
  readonly major: bigint;
  readonly minor: bigint;
  /** `Read`, `Write`, `Sync`, `Async`, `Discard`, `Total`; empty where the kernel does not tell them apart. */
  readonly op: string;
  readonly value: bigint;
}

/**
 * Block I/O, v1 `blkio.*` (blkio-controller.rst, Documentation/block/bfq-iosched.rst), from the I/O
 * scheduler's own files where it has any, else from the throttling layer's. v2 `io.stat` has bytes and
 * numbers of requests only.
 */
export interface BlkioFigures {
  /** Bytes transferred. v2 `rbytes`, `wbytes`. */
  readonly serviceBytes: readonly BlkioEntry[];
  /** Number of requests completed. v2 `rios`, `wios`. */
  readonly serviced: readonly BlkioEntry[];
  /** Number of requests waiting now. */
  readonly queued: readonly BlkioEntry[];
  /** ns between dispatch and completion. */
  readonly serviceTime: readonly BlkioEntry[];
  /** ns spent waiting in the scheduler's queues. */
  readonly waitTime: readonly BlkioEntry[];
  /** Number of requests merged into others. */
  readonly merged: readonly BlkioEntry[];
  /** ms of disk time given to the cgroup. */
  readonly time: readonly BlkioEntry[];
  /** Number of sectors (512 bytes) transferred. */
  readonly sectors: readonly BlkioEntry[];
}

/** One size of huge pages; v1 files `hugetlb.<size>.…` (hugetlb.rst). */
export interface HugetlbFigures {
  /** Bytes now. v1 `usage_in_bytes`; v2 `current`. */
  readonly usage: bigint;
  /** Bytes at the most so far. v1 `max_usage_in_bytes`; v2 has none. */
  readonly maxUsage: bigint;
  /** How often the limit was hit. v1 `failcnt`; v2 `max` of `events`. */
  readonly failcnt: bigint;
  /** Bytes. v1 `limit_in_bytes`; v2 `max`, where no limit is 2^64 - 1. */
  readonly limit: bigint;
}

/** Tasks, which is processes and threads. v1 (pids.rst) and v2 have the same files. */
export interface PidsFigures {
  /** Number of tasks now. `pids.current`. */
  readonly current: bigint;
  /** The most there may be; 0 for no limit. `pids.max`. */
  readonly limit: bigint;
}
