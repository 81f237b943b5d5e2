import { liftSpec } from '../../../../src/runtime/bundle/lift';
import { parseJson, printJson } from '../../../../src/runtime/json';

const modern = { ociVersion: '1.0.2', process: { user: { uid: 0, gid: 0 }, args: ['sh'], cwd: '/' }, root: { path: 'rootfs' } };
const lists = (list: readonly string[]): object => ({ bounding: list, effective: list, inheritable: list, permitted: list });

/** What becomes of a modern spec with these members in their old form. */
function lifted(members: object): unknown {
  return liftSpec({ ...modern, ...members }).spec;
}

function liftedProcess(members: object): unknown {
  return lifted({ process: { ...modern.process, ...members } });
}

function liftedResources(resources: object): unknown {
  return lifted({ linux: { resources } });
}

const withProcess = (members: object): object => ({ ...modern, process: { ...modern.process, ...members } });
const withResources = (resources: object): object => ({ ...modern, linux: { resources } });

describe('liftSpec', () => {
  test('a spec of 1.0 is given back itself', () => {
    for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.1.0', '1.2.0-rc.1', '2.0.0']) {
      const spec = { ...modern, ociVersion };
      expect(liftSpec(spec)).toEqual({ spec, changed: false });
      expect(liftSpec(spec).spec).toBe(spec);
    }
  });

  test.each(['0.1.1', '0.6.0-dev', '1.0.0-rc2-dev', '1.0.0-rc5', '', undefined])('version %j becomes 1.0.0', (ociVersion) => {
    expect(lifted({ ociVersion })).toEqual({ ...modern, ociVersion: '1.0.0' });
  });

  test('one list of capabilities becomes four', () => {
    expect(liftedProcess({ capabilities: ['CAP_KILL'] })).toEqual(withProcess({ capabilities: lists(['CAP_KILL']) }));
    expect(liftedProcess({ capabilities: [] })).toEqual(withProcess({ capabilities: lists([]) }));
  });

  test('a user without ids is root', () => {
    expect(liftedProcess({ user: {} })).toEqual(modern);
    expect(liftedProcess({ user: { uid: 7 } })).toEqual(withProcess({ user: { uid: 7, gid: 0 } }));
    expect(liftedProcess({ user: undefined })).toMatchObject({ process: { user: undefined } });
    const { user: _, ...process } = modern.process;
    expect(lifted({ process })).toEqual({ ...modern, process: { ...process, user: { uid: 0, gid: 0 } } });
  });

  test('oomScoreAdj moves to the process, which may have its own', () => {
    expect(liftedResources({ oomScoreAdj: -5 })).toEqual({ ...withProcess({ oomScoreAdj: -5 }), linux: { resources: {} } });
    expect(lifted({ process: { ...modern.process, oomScoreAdj: 1 }, linux: { resources: { oomScoreAdj: 2 } } })).toEqual({
      ...withProcess({ oomScoreAdj: 1 }),
      linux: { resources: {} },
    });
  });

  test('disableOOMKiller moves to the memory', () => {
    expect(liftedResources({ disableOOMKiller: true })).toEqual(withResources({ memory: { disableOOMKiller: true } }));
    expect(liftedResources({ disableOOMKiller: false, memory: { limit: 5 } })).toEqual(
      withResources({ memory: { limit: 5, disableOOMKiller: false } }),
    );
    expect(liftedResources({ disableOOMKiller: false, memory: { disableOOMKiller: true } })).toEqual(
      withResources({ memory: { disableOOMKiller: true } }),
    );
  });

  test('blkio limits lose their prefix', () => {
    const rates = [{ major: 8, minor: 0, rate: 1048576 }];
    const blockIO = {
      blkioWeight: 10,
      blkioLeafWeight: 20,
      blkioWeightDevice: [{ major: 8, minor: 0, weight: 500, leafWeight: 300 }, { major: 8, minor: 16, blkioWeight: 7 }],
      blkioThrottleReadBpsDevice: rates,
      blkioThrottleWriteBpsDevice: rates,
      blkioThrottleReadIOPSDevice: rates,
      blkioThrottleWriteIOPSDevice: rates,
    };
    expect(liftedResources({ blockIO })).toEqual(
      withResources({
        blockIO: {
          weight: 10,
          leafWeight: 20,
          weightDevice: [{ major: 8, minor: 0, weight: 500, leafWeight: 300 }, { major: 8, minor: 16, weight: 7 }],
          throttleReadBpsDevice: rates,
          throttleWriteBpsDevice: rates,
          throttleReadIOPSDevice: rates,
          throttleWriteIOPSDevice: rates,
        },
      }),
    );
    expect(liftedResources({ blockIO: { blkioThrottleReadIopsDevice: rates } })).toEqual(
      withResources({ blockIO: { throttleReadIOPSDevice: rates } }),
    );
    expect(liftedResources({ blockIO: { weight: 1, blkioWeight: 2 } })).toEqual(withResources({ blockIO: { weight: 1 } }));
  });

  test('a swappiness of -1 is left out, in whichever form', () => {
    for (const text of ['18446744073709551615', '-1']) {
      const memory = parseJson(`{"limit":5,"swappiness":${text}}`);
      expect(liftedResources({ memory })).toEqual(withResources({ memory: { limit: 5 } }));
    }
    const { spec, changed } = liftSpec(withResources({ memory: { swappiness: 60 } }));
    expect([spec, changed]).toEqual([withResources({ memory: { swappiness: 60 } }), false]);
  });

  test('-1 in a limit that was unsigned is -1 again', () => {
    const unlimited = 18446744073709551615n;
    const memory = { limit: unlimited, reservation: unlimited, swap: unlimited, kernel: unlimited, kernelTCP: unlimited };
    const cpu = { quota: unlimited, realtimeRuntime: unlimited, shares: unlimited };
    expect(liftedResources({ memory, cpu })).toEqual(
      withResources({
        memory: { limit: -1, reservation: -1, swap: -1, kernel: -1, kernelTCP: -1 },
        cpu: { quota: -1, realtimeRuntime: -1, shares: unlimited },
      }),
    );
    expect(liftedResources({ memory: { limit: 2n ** 63n - 1n } })).toEqual(withResources({ memory: { limit: 2n ** 63n - 1n } }));
    expect(liftedResources({ memory: { limit: 2n ** 63n } })).toEqual(withResources({ memory: { limit: -(2n ** 63n) } }));
  });

  test('a seccomp rule’s name becomes a list', () => {
    const rule = { action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] };
    const syscalls = [{ name: 'clone', ...rule }, { names: ['read', 'write'], ...rule }, { name: 'a', names: ['b'], ...rule }];
    const defaultAction = 'SCMP_ACT_ERRNO';
    expect(lifted({ linux: { seccomp: { defaultAction, architectures: null, syscalls } } })).toEqual({
      ...modern,
      linux: {
        seccomp: {
          defaultAction,
          syscalls: [{ names: ['clone'], ...rule }, { names: ['read', 'write'], ...rule }, { names: ['a', 'b'], ...rule }],
        },
      },
    });
  });

  test('platform, nulls and empty hooks are left out', () => {
    const nulls = {
      platform: { os: 'linux', arch: 'amd64' },
      hooks: { prestart: null },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: null }],
      linux: { seccomp: null, resources: { network: null, memory: { kernelTCP: null }, devices: [{ allow: false, type: null }] } },
    };
    expect(lifted(nulls)).toEqual({
      ...modern,
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { resources: { memory: {}, devices: [{ allow: false }] } },
    });
    expect(lifted({ hooks: {} })).toEqual(modern);
    expect(lifted({ hooks: null, linux: null })).toEqual(modern);
  });

  test('hooks that do something stay', () => {
    const hooks = { prestart: [{ path: '/hook', args: ['a'], timeout: null }], poststop: null };
    expect(lifted({ hooks })).toEqual({ ...modern, hooks: { prestart: [{ path: '/hook', args: ['a'] }] } });
  });

  test('what the oldest specs kept under linux moves to the process', () => {
    const limit = { type: 'RLIMIT_CORE', soft: 0, hard: 0 };
    const linux = {
      capabilities: ['CAP_KILL'], rlimits: [limit], apparmorProfile: 'a', selinuxProcessLabel: 's', noNewPrivileges: true, mountLabel: 'm',
    };
    expect(lifted({ linux })).toEqual({
      ...withProcess({
        capabilities: lists(['CAP_KILL']), rlimits: [limit], apparmorProfile: 'a', selinuxLabel: 's', noNewPrivileges: true,
      }),
      linux: { mountLabel: 'm' },
    });
    expect(lifted({ linux: { apparmorProfile: 'old' }, process: { ...modern.process, apparmorProfile: 'new' } })).toEqual({
      ...withProcess({ apparmorProfile: 'new' }),
      linux: {},
    });
  });

  test('unknown members stay, nulls and all', () => {
    const unknown = { future: null, deep: { args: null } };
    expect(liftSpec({ ...modern, ...unknown })).toEqual({ spec: { ...modern, ...unknown }, changed: false });
    expect(lifted({ ...unknown, ociVersion: '0.5.0' })).toEqual({ ...modern, ...unknown, ociVersion: '1.0.0' });
  });

  test('what is no spec at all is left for the check to name', () => {
    for (const spec of [null, 1, 'x', [], true, undefined]) expect(liftSpec(spec)).toEqual({ spec, changed: false });
    const odd = { ...modern, process: 3, linux: [], hooks: 'x' };
    expect(liftSpec(odd)).toEqual({ spec: odd, changed: false });
  });

  test('the order of members stays', () => {
    const text = '{"ociVersion":"0.6.0","b":1,"a":{"z":1,"y":2},"process":{"user":{"uid":1,"gid":1}},"linux":{"resources":{"blockIO":{"x":1,"blkioWeight":9,"c":0}}}}';
    expect(printJson(liftSpec(parseJson(text)).spec)).toBe(
      text.replace('0.6.0', '1.0.0').replace('blkioWeight', 'weight'),
    );
  });
});
