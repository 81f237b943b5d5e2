import { checkSpec } from '../../../../src/runtime/bundle/bundle-check';
import { Fields } from '../../../../src/runtime/fields';
import { readHostSpec } from '../../../../src/runtime/host/host-spec';
import { hostProgramSpec } from '../../../../src/ctl/definition/host-program';
import { findUser } from '../../../../src/ctl/definition/user';

const plain = { command: ['serve'], terminal: false, env: [], cwd: '/srv', user: findUser('0'), limits: {}, pidNamespace: false, noNewPrivileges: false };

test('the spec of a command line is one that a host program can have', () => {
  const spec = hostProgramSpec({ ...plain, terminal: true, env: ['A=1'], limits: { memoryBytes: 1 << 20, cpus: 1.5, pids: 5 }, pidNamespace: true, noNewPrivileges: true });
  const fields = Fields.of(spec, 'spec', 'bad-message');
  expect(readHostSpec(fields, '/x')).toMatchObject({ ownPidNamespace: true });
  expect(checkSpec(fields).processSpec).toMatchObject({ args: ['serve'], cwd: '/srv', terminal: true, noNewPrivileges: true });
  expect(fields.object('process').strings('env').slice(-1)).toEqual(['A=1']);
  expect(fields.object('linux').object('resources').values).toEqual({ memory: { limit: 1 << 20 }, cpu: { quota: 150_000, period: 100_000 }, pids: { limit: 5 } });
});

test('without limits none are in it', () => {
  expect(hostProgramSpec(plain)).toMatchObject({ linux: { resources: {}, namespaces: [] } });
});

test('users and groups of this host, by name and number', () => {
  expect(findUser('root')).toMatchObject({ uid: 0, gid: 0, name: 'root', home: '/root' });
  expect(findUser('daemon')).toMatchObject({ uid: 1, gid: 1 });
  expect(findUser('1')).toMatchObject({ name: 'daemon' });
  expect(findUser('daemon:0')).toMatchObject({ uid: 1, gid: 0, additionalGids: [] });
  expect(findUser('4000000')).toMatchObject({ uid: 4_000_000, gid: 0, name: undefined });
  expect(() => findUser('no-such-user')).toThrow('there is no user no-such-user on this host');
  expect(() => findUser('root:no-such-group')).toThrow('there is no group no-such-group on this host');
});
