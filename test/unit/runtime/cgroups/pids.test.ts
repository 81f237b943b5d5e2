import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { readPids } from '../../../../src/runtime/cgroups/pids';
import { expectGone } from './expect-gone';
import { describeOnVersion1, makeRealCgroup } from './real-cgroup';
import { copyRecordedTree } from './recorded-tree';

const sorted = (pids: readonly number[]) => [...pids].sort((a, b) => a - b);

describe('readPids on recorded trees', () => {
  test.each([
    ['v1', [4242, 4300, 4301, 4302, 4303]],
    ['v2', [4242, 4300, 4301, 4302]],
    ['hybrid', [4242]],
  ] as const)('%s', (name, expected) => {
    const tree = copyRecordedTree(name);
    try {
      const cgroup = findCgroup(4242, tree.procRoot);
      expect(sorted(readPids(cgroup))).toEqual(expected);
      rmSync(tree.cgroupRoot, { recursive: true });
      expectGone(() => readPids(cgroup));
    } finally {
      tree.remove();
    }
  });

  test('a container without a cgroup of its own has none to be told', () => {
    expect(readPids({ controllers: {}, hugePageSizes: [] })).toEqual([]);
  });
});

describeOnVersion1('readPids on a real cgroup', 'freezer', () => {
  test('finds processes in cgroups below, and tells when all is gone', async () => {
    const cgroup = makeRealCgroup('freezer');
    const [directory = ''] = Object.values(cgroup.controllers);
    const children: ChildProcess[] = [];
    try {
      expect(readPids(cgroup)).toEqual([]);
      mkdirSync(`${directory}/a`);
      mkdirSync(`${directory}/a/b`);
      for (const sub of ['', '/a', '/a/b']) {
        const child = spawn('sleep', ['60'], { stdio: 'ignore' });
        await once(child, 'spawn');
        children.push(child);
        writeFileSync(`${directory}${sub}/cgroup.procs`, `${child.pid}`);
      }
      expect(sorted(readPids(cgroup))).toEqual(sorted(children.map(({ pid }) => pid ?? 0)));
    } finally {
      for (const child of children) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      cgroup.remove('a/b', 'a');
    }
    expectGone(() => readPids(cgroup));
  });
});
