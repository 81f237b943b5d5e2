import type { ControllerDirectory } from './cgroup';
import type { MemoryFigures, MemoryUsage } from './figures';
import type { KernelFiles } from './kernel-files';

/** What a limit of `max` is told as: the largest number that the message can hold. */
export const unlimited = 2n ** 64n - 1n;

const nothing: MemoryUsage = { usage: 0n, maxUsage: 0n, failcnt: 0n, limit: 0n };

/** The figures of the memory controller. */
export function readMemory(files: KernelFiles, directory: ControllerDirectory | undefined): MemoryFigures {
  if (directory === undefined) return { cache: 0n, usage: nothing, swap: nothing, kernel: nothing, stats: {} };
  const { version, path } = directory;
  const stats = files.table(`${path}/memory.stat`);
  if (version === 2) {
    const usage = readUsage2(files, path);
    return { cache: stats['file'] ?? 0n, usage, swap: readSwap2(files, path, usage), kernel: nothing, stats };
  }
  return {
    cache: stats['cache'] ?? 0n,
    usage: readUsage1(files, `${path}/memory`),
    swap: readUsage1(files, `${path}/memory.memsw`),
    kernel: readUsage1(files, `${path}/memory.kmem`),
    stats,
  };
}

function readUsage1(files: KernelFiles, prefix: string): MemoryUsage {
  return {
    usage: files.value(`${prefix}.usage_in_bytes`),
    maxUsage: files.value(`${prefix}.max_usage_in_bytes`),
    failcnt: files.value(`${prefix}.failcnt`),
    limit: files.value(`${prefix}.limit_in_bytes`),
  };
}

function readUsage2(files: KernelFiles, path: string): MemoryUsage {
  return {
    usage: files.value(`${path}/memory.current`),
    maxUsage: files.value(`${path}/memory.peak`),
    failcnt: files.table(`${path}/memory.events`)['max'] ?? 0n,
    limit: files.value(`${path}/memory.max`, unlimited),
  };
}

function readSwap2(files: KernelFiles, path: string, memory: MemoryUsage): MemoryUsage {
  const current = files.text(`${path}/memory.swap.current`);
  if (current === undefined) return nothing;
  const limit = files.value(`${path}/memory.swap.max`, unlimited);
  return {
    usage: memory.usage + BigInt(current.trim()),
    maxUsage: 0n,
    failcnt: files.table(`${path}/memory.swap.events`)['max'] ?? 0n,
    limit: limit === unlimited || memory.limit === unlimited ? unlimited : memory.limit + limit,
  };
}
