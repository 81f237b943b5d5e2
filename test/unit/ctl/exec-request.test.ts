import { Process } from '../../../src/api/gen/holdfast/v1/containers';
import { DEFAULT_PATH, execRequest } from '../../../src/ctl/exec-request';

const init = Process.fromPartial({
  id: 'init',
  user: { uid: 1000, gid: 100, additional_gids: [5] },
  env: ['A=1', 'B=2', 'TERM=dumb'],
  cwd: '/srv',
  capabilities: ['CAP_KILL'],
  no_new_privileges: true,
  apparmor_profile: 'tight',
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1n, hard: 18_446_744_073_709_551_615n }],
});
const wishes = { pid: 'p', command: ['ls', '-l'], terminal: false, term: 'xterm' };

test('what is not asked for is as in the init process', () => {
  expect(execRequest('web', init, wishes)).toEqual({
    name: 'web',
    process: 'p',
    spec: {
      id: '',
      pid: 0,
      terminal: false,
      args: ['ls', '-l'],
      cwd: '/srv',
      env: [DEFAULT_PATH, 'A=1', 'B=2', 'TERM=dumb'],
      user: { uid: 1000, gid: 100, additional_gids: [5] },
      capabilities: ['CAP_KILL'],
      apparmor_profile: 'tight',
      selinux_label: '',
      no_new_privileges: true,
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1n, hard: 18_446_744_073_709_551_615n }],
      stdio: undefined,
    },
  });
});

test('variables are overridden by name', () => {
  const request = execRequest('web', init, { ...wishes, terminal: true, env: ['B=3', 'PATH=/x'] });
  expect(request.spec.env).toEqual(['PATH=/x', 'A=1', 'B=3', 'TERM=xterm']);
});

test('another user has no capabilities, but root has those of init', () => {
  expect(execRequest('web', init, { ...wishes, uid: 7, gid: 8 }).spec).toMatchObject({
    user: { uid: 7, gid: 8, additional_gids: [] },
    capabilities: [],
  });
  expect(execRequest('web', init, { ...wishes, uid: 0 }).spec.capabilities).toEqual(['CAP_KILL']);
});

test('without a known init process', () => {
  expect(execRequest('web', undefined, wishes).spec).toMatchObject({
    cwd: '/',
    env: [DEFAULT_PATH],
    user: { uid: 0, gid: 0, additional_gids: [] },
  });
});
