import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { entriesOf, locateHostCgroup } from '../../../../src/runtime/host/hierarchies';

const path = '/holdfast/programs/web';
const version1 = ['30 20 0:30 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct', '31 20 0:31 / /cg/devices rw - cgroup cgroup rw,devices', '32 20 0:32 / /cg/cpuset rw - cgroup cgroup rw,cpuset'];

describe('the cgroup of a host program', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-hierarchies-'));
    mkdirSync(join(root, 'self'));
    mkdirSync(join(root, 'unified'));
  });
  afterEach(() => { rmSync(root, { recursive: true }); });

  /** @param controllers of version 2 @param own where the shim is in it */
  function host(mounts: readonly string[], controllers: string, own: string): string {
    const unified = `40 20 0:40 / ${join(root, 'unified')} rw - cgroup2 cgroup2 rw`;
    writeFileSync(join(root, 'self/mountinfo'), [...mounts, unified, ''].join('\n'));
    writeFileSync(join(root, 'unified/cgroup.controllers'), `${controllers}\n`);
    writeFileSync(join(root, 'self/cgroup'), `4:cpu,cpuacct:/elsewhere\n0::${own}\n`);
    return root;
  }

  test('is in each hierarchy but that of devices, in cpuset on request, and entered by one thread', () => {
    const cgroup = locateHostCgroup(path, { cpuset: false }, host(version1, '', '/system.slice/holdfast.service'));
    expect(cgroup.controllers).toEqual({ cpu: `/cg/cpu${path}`, cpuacct: `/cg/cpu${path}` });
    expect(entriesOf(cgroup)).toEqual([`/cg/cpu${path}/tasks`, `${root}/unified${path}/cgroup.procs`]);
    expect(Object.keys(locateHostCgroup(path, { cpuset: true }, root).controllers)).toContain('cpuset');
  });

  test.each(['', 'hugetlb rdma'])('is not in a version 2 that means nothing, with the controllers "%s" and its shim in the root', (controllers) => {
    expect(locateHostCgroup(path, { cpuset: false }, host(version1, controllers, '/')).unified).toBeUndefined();
  });

  test('is in a version 2 with controllers, wherever its shim is', () => {
    expect(locateHostCgroup(path, { cpuset: false }, host([], 'cpu memory pids', '/')).unified).toBe(`${root}/unified${path}`);
  });
});
