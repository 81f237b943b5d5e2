import type { ControllerDirectory } from './cgroup';
import type { CpuFigures } from './figures';
import { type KernelFiles, parseCount } from './kernel-files';

/** USER_HZ, in which the kernel tells ticks to programs, is 100 on every architecture that Node runs on (time(7)). */
const nsPerTick = 10_000_000n;
const nsPerUs = 1_000n;

/** The figures of the controllers cpu and cpuacct, which version 1 may have in two hierarchies and version 2 has in one. */
export function readCpu(
  files: KernelFiles,
  cpu: ControllerDirectory | undefined,
  cpuacct: ControllerDirectory | undefined,
  procRoot: string,
): CpuFigures {
  return { ...readUsage(files, cpuacct), ...readThrottling(files, cpu), system: readSystemUsage(files, procRoot) };
}

function readUsage(files: KernelFiles, directory: ControllerDirectory | undefined) {
  if (directory === undefined) return { total: 0n, perCpu: [], kernel: 0n, user: 0n };
  const { version, path } = directory;
  if (version === 2) {
    const stat = files.table(`${path}/cpu.stat`);
    return {
      total: (stat['usage_usec'] ?? 0n) * nsPerUs,
      perCpu: [],
      kernel: (stat['system_usec'] ?? 0n) * nsPerUs,
      user: (stat['user_usec'] ?? 0n) * nsPerUs,
    };
  }
  const ticks = files.table(`${path}/cpuacct.stat`);
  return {
    total: files.value(`${path}/cpuacct.usage`),
    perCpu: readPerCpu(files.text(`${path}/cpuacct.usage_percpu`) ?? ''),
    kernel: (ticks['system'] ?? 0n) * nsPerTick,
    user: (ticks['user'] ?? 0n) * nsPerTick,
  };
}

function readPerCpu(line: string): bigint[] {
  return line.split(' ').flatMap((word) => (/^\d+$/.test(word) ? [BigInt(word)] : []));
}

function readThrottling(files: KernelFiles, directory: ControllerDirectory | undefined) {
  const stat = directory === undefined ? {} : files.table(`${directory.path}/cpu.stat`);
  return {
    periods: stat['nr_periods'] ?? 0n,
    throttledPeriods: stat['nr_throttled'] ?? 0n,
    throttledTime: stat['throttled_time'] ?? (stat['throttled_usec'] ?? 0n) * nsPerUs,
  };
}

/** The first seven fields; the later ones (steal, guest) are left out, as clients compute with the original's sum. */
function readSystemUsage(files: KernelFiles, procRoot: string): bigint {
  const [line = ''] = (files.text(`${procRoot}/stat`) ?? '').split('\n', 1);
  const [, ...fields] = line.split(/ +/);
  return fields.slice(0, 7).reduce((sum, field) => sum + parseCount(field, 0n), 0n) * nsPerTick;
}
