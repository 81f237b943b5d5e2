import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';

import type { ContainerCgroup } from '../../../../src/runtime/cgroups/cgroup';
import { findCgroup } from '../../../../src/runtime/cgroups/find';
import { canKillFrozen, freeze, readFreezerState, thaw } from '../../../../src/runtime/cgroups/freezer';
import { Poller } from '../../../../src/sys/poller';
import { expectGone } from './expect-gone';
import { describeOnVersion1, describeOnVersion2, makeRealCgroup } from './real-cgroup';
import { copyRecordedTree } from './recorded-tree';

let poller: Poller;
beforeAll(() => {
  poller = new Poller((error) => { throw error; });
  poller.ref();
});
afterAll(() => { poller.close(); });

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

  test('no freezer at all', async () => {
    const none = { controllers: {}, hugePageSizes: [] };
    expect(readFreezerState(none)).toBe('running');
    expect(() => thaw(none)).not.toThrow();
    expect(await freeze(none, poller)).toBe(false);
  });

  test('one that never stands still is thawed', async () => {
    const tree = copyRecordedTree('v2');
    try {
      const cgroup = findCgroup(4242, tree.procRoot);
      // A file of a disk tells nobody of anything, and has no `frozen 1`; epoll does not take it, either.
      rmSync(`${cgroup.unified}/cgroup.events`, { force: true });
      expect(await freeze(cgroup, poller)).toBe(false);
      expect(readFileSync(`${cgroup.unified}/cgroup.freeze`, 'utf8')).toMatch(/^0/);
    } finally {
      tree.remove();
    }
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

  test('stops what runs in it, and waits until it does', async () => {
    const cgroup = makeRealCgroup('freezer');
    try {
      const [directory = ''] = Object.values(cgroup.controllers);
      await whileRunningIn(directory, async () => {
        expect(await freeze(cgroup, poller)).toBe(true);
        expect(readFileSync(`${directory}/freezer.state`, 'utf8').trim()).toBe('FROZEN');
        thaw(cgroup);
      });
    } finally {
      cgroup.remove();
    }
    await expect(freeze(cgroup, poller)).rejects.toMatchObject({ code: 'gone' });
  });
});

describeOnVersion2('the freezer of a real cgroup of version 2', (root) => {
  test('stops what runs in it, and is told so by the kernel', async () => {
    const unified = `${root}/holdfast-test-${String(process.pid)}`;
    mkdirSync(unified);
    const cgroup: ContainerCgroup = { controllers: {}, unified, hugePageSizes: [] };
    try {
      await whileRunningIn(unified, async () => {
        const watched = poller.size;
        for (let round = 0; round < 20; round += 1) {
          expect(await freeze(cgroup, poller)).toBe(true);
          expect(readFileSync(`${unified}/cgroup.events`, 'utf8')).toContain('frozen 1');
          expect(readFreezerState(cgroup)).toBe('paused');
          thaw(cgroup);
        }
        expect(poller.size).toBe(watched);
      });
    } finally {
      rmdirSync(unified);
    }
    await expect(freeze(cgroup, poller)).rejects.toMatchObject({ code: 'gone' });
  });
});

/** Has a busy process in a cgroup meanwhile. */
async function whileRunningIn(directory: string, work: () => Promise<void>): Promise<void> {
  const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  writeFileSync(`${directory}/cgroup.procs`, String(child.pid));
  try {
    await work();
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
