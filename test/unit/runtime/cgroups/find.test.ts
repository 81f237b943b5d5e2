import { rmSync } from 'node:fs';

import { directoriesOf, directoryOf } from '../../../../src/runtime/cgroups/cgroup';
import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { expectGone } from './expect-gone';
import { copyRecordedTree, type RecordedTree } from './recorded-tree';

describe('findCgroup', () => {
  const trees: RecordedTree[] = [];
  const recorded = (name: 'v1' | 'v2' | 'hybrid') => {
    const tree = copyRecordedTree(name);
    trees.push(tree);
    return tree;
  };
  afterEach(() => trees.splice(0).forEach((tree) => tree.remove()));

  test('version 1: combined controllers, partial mounts, spaces in paths', () => {
    const { procRoot, cgroupRoot, root } = recorded('v1');
    const cgroup = findCgroup(4242, procRoot);
    expect(cgroup).toEqual({
      controllers: {
        hugetlb: `${cgroupRoot}/hugetlb/docker/0123abcd`,
        pids: `${cgroupRoot}/pids/docker/0123abcd`,
        blkio: `${root}/with space/blkio/0123abcd`,
        freezer: `${cgroupRoot}/freezer/docker/0123abcd`,
        memory: `${cgroupRoot}/memory/docker/0123abcd`,
        cpuacct: `${cgroupRoot}/cpu,cpuacct/docker/0123abcd`,
        cpu: `${cgroupRoot}/cpu,cpuacct/docker/0123abcd`,
        'name=systemd': `${cgroupRoot}/systemd/docker/0123abcd`,
      },
      hugePageSizes: expect.arrayContaining(['2MB', '1GB']) as unknown,
    });
    expect(cgroup.hugePageSizes).toHaveLength(2);
    expect(directoriesOf(cgroup)).toHaveLength(7);
    expect(JSON.parse(JSON.stringify(cgroup))).toEqual(cgroup);
  });

  test('version 1: what is in the root of a hierarchy is not the container’s; colons in names', () => {
    const { procRoot, cgroupRoot } = recorded('v1');
    expect(findCgroup(4245, procRoot)).toEqual({
      controllers: { 'name=systemd': `${cgroupRoot}/systemd/user.slice/a:b` },
      hugePageSizes: [],
    });
  });

  test('version 2', () => {
    const { procRoot, cgroupRoot } = recorded('v2');
    const cgroup = findCgroup(4242, procRoot);
    expect(cgroup).toMatchObject({ controllers: {}, unified: `${cgroupRoot}/system.slice/docker-0123abcd.scope` });
    expect([...cgroup.hugePageSizes].sort()).toEqual(['1GB', '2MB']);
    expect(findCgroup(4243, procRoot)).toEqual({ controllers: {}, hugePageSizes: [] });
  });

  test('hybrid, with and without a version 2 cgroup of its own', () => {
    const { procRoot, cgroupRoot } = recorded('hybrid');
    const controllers = {
      memory: `${cgroupRoot}/memory/parent/c1`,
      cpuacct: `${cgroupRoot}/cpuacct/c1`,
      cpu: `${cgroupRoot}/cpu/c1`,
    };
    expect(findCgroup(4242, procRoot)).toEqual({ controllers, hugePageSizes: [] });
    const both = findCgroup(4243, procRoot);
    expect(both).toEqual({ controllers, unified: `${cgroupRoot}/unified/c1`, hugePageSizes: [] });
    expect(directoryOf(both, 'cpu')).toEqual({ version: 1, path: `${cgroupRoot}/cpu/c1` });
    expect(directoryOf(both, 'io')).toEqual({ version: 2, path: `${cgroupRoot}/unified/c1` });
  });

  test('a process that has ended, is a zombie, or is just exiting', () => {
    const { procRoot, cgroupRoot } = recorded('v1');
    for (const pid of [4241, 4243, 4244]) expectGone(() => findCgroup(pid, procRoot));
    rmSync(`${cgroupRoot}/hugetlb/docker`, { recursive: true });
    expectGone(() => findCgroup(4242, procRoot));
  });

  test('this machine', () => {
    expect(() => findCgroup(process.pid)).not.toThrow();
    expectGone(() => findCgroup(0x7fffffff));
  });
});
