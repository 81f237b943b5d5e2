import { directoryBelow, parseCgroupMounts } from '../../../../src/runtime/cgroups/mounts';

test('parseCgroupMounts skips other file systems and broken lines', () => {
  const text = [
    '22 27 0:21 / /proc rw,relatime - proc proc rw',
    'garbage - cgroup',
    '40 31 0:37 / /cg\\011x\\134y rw shared:1 master:2 - cgroup cgroup rw,name=systemd',
    '41 31 0:38 / /u rw - cgroup2 none rw',
    '42 31 0:39 / /v rw - cgroupfs none rw',
    '',
  ].join('\n');
  expect(parseCgroupMounts(text)).toEqual([
    { version: 1, mountPoint: '/cg\tx\\y', root: '/', options: ['rw', 'name=systemd'] },
    { version: 2, mountPoint: '/u', root: '/', options: ['rw'] },
  ]);
});

test.each([
  ['/', '/a/b', '/m/a/b'],
  ['/', '/', '/m'],
  ['/a', '/a/b', '/m/b'],
  ['/a', '/a', '/m'],
  ['/a', '/ab', undefined],
  ['/a', '/', undefined],
  ['/', '/../other', undefined],
  ['/..', '/a', undefined],
])('directoryBelow: of a mount of %s, cgroup %s', (root, path, expected) => {
  expect(directoryBelow({ version: 1, mountPoint: '/m', root, options: [] }, path)).toBe(expected);
});
