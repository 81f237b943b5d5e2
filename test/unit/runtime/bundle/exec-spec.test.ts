import { type ExecRequest, execProcessSpec } from '../../../../src/runtime/bundle/exec-spec';
import { printJson } from '../../../../src/runtime/json';

const bare: ExecRequest = {
  terminal: false, args: ['sh'], env: [], cwd: '/', capabilities: [], apparmorProfile: '', selinuxLabel: '', noNewPrivileges: false,
  rlimits: [],
};

test('a request without a user is root’s, and one without capabilities gets none, not the container’s', () => {
  const none = '{"bounding":[],"effective":[],"inheritable":[],"permitted":[]}';
  expect(printJson(execProcessSpec(bare))).toBe(`{"user":{"uid":0,"gid":0},"args":["sh"],"cwd":"/","capabilities":${none}}`);
});

test('all of a request is in the process, its limits exact', () => {
  const spec = execProcessSpec({
    ...bare, terminal: true, user: { uid: 1, gid: 2, additionalGids: [3] }, env: ['A=b'], capabilities: ['CAP_KILL'], apparmorProfile: 'p',
    selinuxLabel: 'l', noNewPrivileges: true, rlimits: [{ type: 'RLIMIT_NOFILE', soft: 9007199254740993n, hard: 18446744073709551615n }],
  });
  const list = ['CAP_KILL'];
  expect(spec).toEqual({
    terminal: true, user: { uid: 1, gid: 2, additionalGids: [3] }, args: ['sh'], env: ['A=b'], cwd: '/',
    capabilities: { bounding: list, effective: list, inheritable: list, permitted: list },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 9007199254740993n, hard: 18446744073709551615n }],
    noNewPrivileges: true, apparmorProfile: 'p', selinuxLabel: 'l',
  });
  expect(printJson(spec)).toContain('"hard":18446744073709551615,"soft":9007199254740993');
});
