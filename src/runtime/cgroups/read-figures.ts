import { existsSync } from 'node:fs';

import { readBlkio } from './blkio';
import { type ContainerCgroup, type ControllerDirectory, directoriesOf, directoryOf, gone } from './cgroup';
import { readCpu } from './cpu';
import type { CgroupFigures, HugetlbFigures, PidsFigures } from './figures';
import { KernelFiles } from './kernel-files';
import { readMemory, unlimited } from './memory';

/**
 * Reads all figures of a container's cgroup, in well under a millisecond. What they mean, with units and
 * sources, is said at CgroupFigures.
 *
 * @throws RuntimeError `gone` when the cgroup was removed before all was read
 */
export function readFigures(cgroup: ContainerCgroup, procRoot = '/proc'): CgroupFigures {
  const files = new KernelFiles();
  const figures: CgroupFigures = {
    cpu: readCpu(files, directoryOf(cgroup, 'cpu'), directoryOf(cgroup, 'cpuacct'), procRoot),
    memory: readMemory(files, directoryOf(cgroup, 'memory')),
    blkio: readBlkio(files, directoryOf(cgroup, 'blkio')),
    hugetlb: readHugetlb(files, directoryOf(cgroup, 'hugetlb'), cgroup.hugePageSizes),
    pids: readPidsFigures(files, directoryOf(cgroup, 'pids')),
  };
  // A file that is not there is a kernel without the figure, or a cgroup that has just been removed.
  if (files.someAbsent) {
    const removed = directoriesOf(cgroup).find((directory) => !existsSync(directory));
    if (removed !== undefined) throw gone(`cgroup ${removed}`);
  }
  return figures;
}

function readHugetlb(
  files: KernelFiles,
  directory: ControllerDirectory | undefined,
  pageSizes: readonly string[],
): Record<string, HugetlbFigures> {
  const figures: Record<string, HugetlbFigures> = {};
  for (const size of directory === undefined ? [] : pageSizes) {
    const prefix = `${directory?.path ?? ''}/hugetlb.${size}`;
    figures[size] = directory?.version === 2 ? readHugetlb2(files, prefix) : readHugetlb1(files, prefix);
  }
  return figures;
}

function readHugetlb1(files: KernelFiles, prefix: string): HugetlbFigures {
  return {
    usage: files.value(`${prefix}.usage_in_bytes`),
    maxUsage: files.value(`${prefix}.max_usage_in_bytes`),
    failcnt: files.value(`${prefix}.failcnt`),
    limit: files.value(`${prefix}.limit_in_bytes`),
  };
}

function readHugetlb2(files: KernelFiles, prefix: string): HugetlbFigures {
  return {
    usage: files.value(`${prefix}.current`),
    maxUsage: 0n,
    failcnt: files.table(`${prefix}.events`)['max'] ?? 0n,
    limit: files.value(`${prefix}.max`, unlimited),
  };
}

function readPidsFigures(files: KernelFiles, directory: ControllerDirectory | undefined): PidsFigures {
  if (directory === undefined) return { current: 0n, limit: 0n };
  return {
    current: files.value(`${directory.path}/pids.current`),
    limit: files.value(`${directory.path}/pids.max`, 0n),
  };
}
