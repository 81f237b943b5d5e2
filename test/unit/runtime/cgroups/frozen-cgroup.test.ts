import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FrozenCgroup, frozenCgroupOf } from '../../../../src/runtime/cgroups/frozen-cgroup';

describe('the frozen cgroup beside paused containers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-frozen-'));
  const place = join(directory, frozenCgroupOf('/run/state'));
  const onVersion1 = { controllers: { freezer: join(directory, 'box') }, hugePageSizes: [] };
  afterEach(() => {
    jest.useRealTimers();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => {
    jest.useFakeTimers();
    mkdirSync(join(directory, 'self'), { recursive: true });
  });

  const cgroupOf = (options: string): FrozenCgroup => {
    writeFileSync(join(directory, 'self', 'mountinfo'), `31 23 0:28 / ${directory} rw - cgroup cgroup rw,${options}\n`);
    return new FrozenCgroup('/run/state', 1000, directory);
  };

  test('stays for as long after the last pause, and can come again', () => {
    const frozen = cgroupOf('freezer');
    expect(existsSync(place)).toBe(false);
    frozen.hold(onVersion1);
    jest.advanceTimersByTime(999);
    frozen.hold(onVersion1);
    jest.advanceTimersByTime(999);
    expect(existsSync(place)).toBe(true);
    jest.advanceTimersByTime(1);
    expect(existsSync(place)).toBe(false);
    frozen.hold(onVersion1);
    expect(existsSync(place)).toBe(true);
    frozen.close();
    expect(existsSync(place)).toBe(false);
  });

  test("one that an earlier daemon has left goes, and another daemon's does not", () => {
    const others = join(directory, frozenCgroupOf('/run/other'));
    mkdirSync(place);
    mkdirSync(others);
    cgroupOf('freezer');
    expect([existsSync(place), existsSync(others)]).toEqual([false, true]);
  });

  test('none is made for a container of version 2, nor where the hierarchy is not mounted', () => {
    cgroupOf('freezer').hold({ controllers: {}, unified: '/sys/fs/cgroup/box', hugePageSizes: [] });
    cgroupOf('memory').hold(onVersion1);
    expect(existsSync(place)).toBe(false);
  });
});
