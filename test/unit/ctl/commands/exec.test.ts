import { State } from '../../../../src/api/gen/holdfast/v1/containers';
import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test('detached: a process of a random name', async () => {
  world.daemon.add('web');
  const { status, lines } = await world.ctl('exec', '-d', 'web', '--', 'ls', '-l');
  expect(status).toBe(0);
  expect(lines).toEqual([expect.stringMatching(/^web\/exec-[0-9a-f]{8}: started$/)]);
  expect(world.daemon.executed).toMatchObject([{ name: 'programs/web', spec: { args: ['ls', '-l'], cwd: '/', terminal: false } }]);
});

test('options', async () => {
  world.daemon.add('web');
  await world.ctl('exec', '-d', 'web', '--pid', 'p', '--cwd', '/srv', '-e', 'A=1', '--uid', '5', '--gid', '6', '--', 'id');
  expect(world.daemon.executed).toMatchObject([
    { process: 'p', spec: { cwd: '/srv', user: { uid: 5, gid: 6 }, env: [expect.stringContaining('PATH=') as string, 'A=1'] } },
  ]);
});

test('in a container that there is not, or that does not run: 125', async () => {
  expect(await world.ctl('exec', 'web', 'ls')).toMatchObject({ status: 125, errors: expect.stringContaining('web: no such container') as string });
  world.daemon.add('old', State.STOPPED);
  expect(await world.ctl('exec', 'old', 'ls')).toMatchObject({ status: 125, errors: expect.stringContaining('old: it does not run') as string });
});

test.each([
  ['oci runtime error: exec: "lss": executable file not found', 127],
  ['oci runtime error: exec: "/etc/passwd": permission denied', 126],
  ['oci runtime error: no', 125],
])("the daemon's words on failure: %s", async (words, expected) => {
  world.daemon.add('web');
  world.daemon.onExec = () => { throw new Refusal(words); };
  expect(await world.ctl('exec', '-d', 'web', 'lss')).toMatchObject({ status: expected, errors: `holdfastctl: ${words}\n` });
});

test.each([['--uid', '-1'], ['--uid', '4294967296'], ['--gid', 'x']])('%s %s is 125: 2 could be the process\'s own', async (option, value) => {
  expect((await world.ctl('exec', 'web', `${option}=${value}`, '--', 'ls')).status).toBe(125);
});
