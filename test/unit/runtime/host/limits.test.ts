import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ContainerCgroup } from '../../../../src/runtime/cgroups/cgroup';
import { Fields } from '../../../../src/runtime/fields';
import { wantsCpuset, writeLimits } from '../../../../src/runtime/host/limits';

const resources = (value: object) => Fields.of(value, 'resources', 'host-program');
const everything = {
  memory: { limit: 67_108_864, reservation: 33_554_432, swap: 134_217_728 },
  cpu: { shares: 512, quota: 150_000, period: 100_000, cpus: '0-1', mems: '0' },
  pids: { limit: 64 },
  blockIO: { weight: 500 },
};

describe('limits of a host program', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-limits-'));
  });
  afterEach(() => { rmSync(directory, { recursive: true }); });

  /** A cgroup directory with these files, empty: a kernel's are replaced by each write. */
  function withFiles(name: string, files: readonly string[]): string {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    for (const file of files) writeFileSync(join(path, file), '');
    return path;
  }

  function contents(path: string): Record<string, string> {
    return Object.fromEntries(readdirSync(path).map((file) => [file, readFileSync(join(path, file), 'utf8')]));
  }

  test('are written by the names of version 1', async () => {
    const controllers = {
      memory: withFiles('memory', ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.soft_limit_in_bytes']),
      cpu: withFiles('cpu', ['cpu.shares', 'cpu.cfs_quota_us', 'cpu.cfs_period_us']),
      cpuset: withFiles('cpuset', ['cpuset.cpus', 'cpuset.mems']),
      pids: withFiles('pids', ['pids.max']),
      blkio: withFiles('blkio', ['blkio.weight']),
    };
    await writeLimits({ controllers, hugePageSizes: [] }, resources(everything));
    expect(Object.assign({}, ...Object.values(controllers).map(contents))).toEqual({
      'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '134217728', 'memory.soft_limit_in_bytes': '33554432',
      'cpu.shares': '512', 'cpu.cfs_quota_us': '150000', 'cpu.cfs_period_us': '100000', 'cpuset.cpus': '0-1', 'cpuset.mems': '0',
      'pids.max': '64', 'blkio.weight': '500',
    });
    withFiles('memory', ['memory.limit_in_bytes']);
    withFiles('pids', ['pids.max']);
    await writeLimits({ controllers, hugePageSizes: [] }, resources({ memory: { limit: -1 }, pids: { limit: 0 } }));
    expect(contents(controllers.memory)).toMatchObject({ 'memory.limit_in_bytes': '-1' });
    expect(contents(controllers.pids)).toEqual({ 'pids.max': 'max' });
  });

  test('and by those of version 2, with their own measures', async () => {
    const unified = withFiles('unified', ['memory.max', 'memory.low', 'memory.high', 'memory.swap.max', 'cpu.weight', 'cpu.max', 'cpuset.cpus', 'cpuset.mems', 'pids.max', 'io.weight']);
    const cgroup: ContainerCgroup = { controllers: {}, unified, hugePageSizes: [] };
    await writeLimits(cgroup, resources({ ...everything, unified: { 'memory.high': '50331648' } }));
    expect(contents(unified)).toEqual({
      'memory.max': '67108864', 'memory.low': '33554432', 'memory.high': '50331648', 'memory.swap.max': '67108864', 'cpu.weight': '20', 'cpu.max': '150000 100000',
      'cpuset.cpus': '0-1', 'cpuset.mems': '0', 'pids.max': '64', 'io.weight': '4950',
    });
    withFiles('unified', ['memory.max', 'cpu.max']);
    await writeLimits(cgroup, resources({ memory: { limit: -1 }, cpu: { quota: -1 } }));
    expect(contents(unified)).toMatchObject({ 'memory.max': 'max', 'cpu.max': 'max 100000' });
  });

  test('of a new cgroup are there before anything else is done', async () => {
    const controllers = { pids: withFiles('pids', ['pids.max']) };
    const written = writeLimits({ controllers, hugePageSizes: [] }, resources({ pids: { limit: 64 } }), { isNew: true });
    expect(contents(controllers.pids)).toEqual({ 'pids.max': '64' });
    await written;
  });

  test('what the host has no controller or file for is said, and so is what nobody knows', async () => {
    const cgroup: ContainerCgroup = { controllers: { pids: withFiles('pids', []) }, hugePageSizes: [] };
    const refusals: readonly (readonly [object, string])[] = [
      [{ memory: { limit: 1 } }, 'memory.limit: the host has no memory controller that has it'],
      [{ pids: { limit: 1 } }, 'pids.limit: the host has no pids.max'],
      [{ unified: { 'memory.high': '1' } }, 'unified.memory.high: the host has no memory controller that has it'],
      [{ unified: { '../x': '1' } }, 'unified: "../x" is no cgroup file'],
      [{ memory: { kernel: 1 } }, 'a host program cannot have linux.resources.memory.kernel'],
      [{ devices: [{ allow: false }] }, 'a host program cannot have linux.resources.devices'],
    ];
    for (const [value, words] of refusals) await expect(writeLimits(cgroup, resources(value))).rejects.toThrow(words);
  });

  test('a cpuset is asked for by processors or memory nodes', () => {
    expect([undefined, {}, { cpu: { shares: 2 } }, { cpu: { cpus: '0' } }, { cpu: { mems: '0' } }].map((value) => wantsCpuset(value && resources(value)))).toEqual([false, false, false, true, true]);
  });
});
