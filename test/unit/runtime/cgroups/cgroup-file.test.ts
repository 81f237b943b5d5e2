import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ContainerCgroup } from '../../../../src/runtime/cgroups/cgroup';
import { readCgroup, writeCgroup } from '../../../../src/runtime/cgroups/cgroup-file';

describe('the file that says where a container has its cgroup', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-cgroup-file-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test.each<[string, ContainerCgroup]>([
    ['version 1', { controllers: { memory: '/sys/fs/cgroup/memory/x', 'name=systemd': '/sys/fs/cgroup/systemd/x' }, hugePageSizes: ['2MB'] }],
    ['version 2', { controllers: {}, unified: '/sys/fs/cgroup/x', hugePageSizes: [] }],
  ])('is read as it was written: %s', (_version, cgroup) => {
    writeCgroup(directory, cgroup);
    expect(readCgroup(directory)).toEqual(cgroup);
  });

  test('is not there for a container of the original', () => {
    expect(readCgroup(directory)).toBeUndefined();
  });

  test.each([
    ['{"controllers":{"memory":"x"},"hugePageSizes":[]}', 'controllers.memory: expected an absolute path'],
    ['{"controllers":{},"unified":7,"hugePageSizes":[]}', 'unified: expected a string'],
    ['{"controllers":{}}', 'hugePageSizes: expected a list of strings'],
    ['', 'not valid JSON'],
  ])('is refused, damaged: %s', (text, message) => {
    writeFileSync(join(directory, 'holdfast-cgroup.json'), text);
    expect(() => readCgroup(directory)).toThrow(message);
  });
});
