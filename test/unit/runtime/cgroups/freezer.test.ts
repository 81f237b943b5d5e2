import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { canKillFrozen, readFreezerState, thaw } from '../../../../src/runtime/cgroups/freezer';
import { expectGone } from './expect-gone';
import { describeOnVersion1, makeRealCgroup } from './real-cgroup';
import { copyRecordedTree } from './recorded-tree';

describe('the freezer on recorded trees', () => {
  test('version 2', () => {
    const tree = copyRecordedTree('v2');
    try {
      const cgroup = findCgroup(4242, tree.procRoot);
      const file = `${cgroup.unified}/cgroup.freeze`;
      expect(canKillFrozen(cgroup)).toBe(true);
      expect(readFreezerState(cgroup)).toBe('running');
      writeFileSync(file, '1\n');
      expect(readFreezerState(cgroup)).toBe('paused');
      thaw(cgroup);
      expect(readFileSync(file, 'utf8')).toMatch(/^0/);
      rmSync(file);
      expect(readFreezerState(cgroup)).toBe('running');
      expect(() => thaw(cgroup)).not.toThrow();
      rmSync(tree.cgroupRoot, { recursive: true });
      expectGone(() => readFreezerState(cgroup));
      expectGone(() => thaw(cgroup));
    } finally {
      tree.remove();
    }
  });

  test('no freezer at all', () => {
    const none = { controllers: {}, hugePageSizes: [] };
    expect(readFreezerState(none)).toBe('running');
    expect(() => thaw(none)).not.toThrow();
  });
});

describeOnVersion1('the freezer of a real cgroup', 'freezer', () => {
  test('follows what is asked for, and thaws', () => {
    const cgroup = makeRealCgroup('freezer');
    try {
      const [directory = ''] = Object.values(cgroup.controllers);
      expect(canKillFrozen(cgroup)).toBe(false);
      expect(readFreezerState(cgroup)).toBe('running');
      writeFileSync(`${directory}/freezer.state`, 'FROZEN');
      expect(readFreezerState(cgroup)).toBe('paused');
      thaw(cgroup);
      expect(readFileSync(`${directory}/freezer.state`, 'utf8').trim()).toBe('THAWED');
      expect(readFreezerState(cgroup)).toBe('running');
    } finally {
      cgroup.remove();
    }
    expectGone(() => readFreezerState(cgroup));
  });
});
