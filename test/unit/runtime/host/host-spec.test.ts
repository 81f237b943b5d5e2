import { Fields } from '../../../../src/runtime/fields';
import { readHostSpec, usualCgroupOf } from '../../../../src/runtime/host/host-spec';

const process = { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 } };
const read = (spec: object) => readHostSpec(Fields.of({ ociVersion: '1.0.2', process, ...spec }, 'config.json', 'bad-bundle'), '/holdfast/default/id');

describe('the spec of a host program', () => {
  test('says where its cgroup is, and whether it has a pid namespace', () => {
    expect(read({})).toEqual({ cgroupsPath: '/holdfast/default/id', resources: undefined, ownPidNamespace: false, ownMounts: undefined });
    expect(read({ linux: { cgroupsPath: '/a/b', namespaces: [{ type: 'pid' }] } })).toMatchObject({ cgroupsPath: '/a/b', ownPidNamespace: true });
  });

  test('says what it sees otherwise than the host', () => {
    const mounts = [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=1777'] }];
    expect(read({ mounts, linux: { namespaces: [{ type: 'mount' }], readonlyPaths: ['/etc'] } })).toMatchObject({
      ownPidNamespace: false, ownMounts: { inMemory: [{ at: '/tmp', options: ['nosuid', 'mode=1777'] }], readOnlyPaths: ['/etc'] },
    });
  });

  test('members that say nothing are none', () => {
    expect(read({ mounts: [], hostname: '', linux: { maskedPaths: null, seccomp: null } })).toMatchObject({ ownPidNamespace: false });
  });

  const refusals: readonly (readonly [object, string])[] = [
    [{ root: { path: '/' } }, 'cannot have root'],
    [{ mounts: [{ destination: '/x', type: 'tmpfs' }] }, 'without a mount namespace of its own cannot have mounts'],
    [{ linux: { readonlyPaths: ['/x'] } }, 'without a mount namespace of its own cannot have mounts, nor readonlyPaths'],
    [{ mounts: [{ destination: '/x', type: 'bind' }], linux: { namespaces: [{ type: 'mount' }] } }, 'can have tmpfs, and nothing else'],
    [{ mounts: [{ destination: '/x', type: 'tmpfs', options: ['size=1;reboot'] }], linux: { namespaces: [{ type: 'mount' }] } }, 'is no option of a tmpfs'],
    [{ linux: { namespaces: [{ type: 'mount' }], readonlyPaths: ['etc'] } }, 'expected an absolute path'],
    [{ hooks: { prestart: [] } }, 'cannot have hooks'],
    [{ linux: { seccomp: {} } }, 'cannot have linux.seccomp'],
    [{ process: { ...process, ioPriority: {} } }, 'cannot have process.ioPriority'],
    [{ linux: { namespaces: [{ type: 'network' }] } }, 'a new mount namespace, and no other'],
    [{ linux: { namespaces: [{ type: 'pid', path: '/proc/1/ns/pid' }] } }, 'a new mount namespace, and no other'],
    ...['/', '/a/', '/a//b', '/a/../b', 'a', '/a\n'].map((cgroupsPath) => [{ linux: { cgroupsPath } }, 'expected an absolute path below'] as const),
  ];
  test.each(refusals)('what it cannot have is an error: %j', (spec, words) => {
    expect(() => read(spec)).toThrow(words);
  });
});

test('the cgroup of a host program is of its daemon, where that is not the usual one', () => {
  expect(usualCgroupOf('/run/containerd', 'programs', 'web')).toBe('/holdfast/programs/web');
  const [one, other] = ['/run/one', '/run/other'].map((stateDir) => usualCgroupOf(stateDir, 'programs', 'web'));
  expect(one).toMatch(/^\/holdfast\/daemon-[0-9a-f]{8}\/programs\/web$/);
  expect(other).not.toBe(one);
});
