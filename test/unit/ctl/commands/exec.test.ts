import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test('a process of a random name', async () => {
  world.daemon.add('web', 'running', 1);
  const { status, lines } = await world.ctl('exec', 'web', '--', 'ls', '-l');
  expect(status).toBe(0);
  expect(lines).toEqual([expect.stringMatching(/^web\/exec-[0-9a-f]{8}: started$/)]);
  expect(world.daemon.added).toMatchObject([{ id: 'web', args: ['ls', '-l'], cwd: '/', stdout: '', terminal: false }]);
});

test('options', async () => {
  world.daemon.add('web', 'running', 1);
  await world.ctl('exec', 'web', '--pid', 'p', '--cwd', '/srv', '-e', 'A=1', '--uid', '5', '--gid', '6', '--', 'id');
  expect(world.daemon.added).toMatchObject([
    { pid: 'p', cwd: '/srv', user: { uid: 5, gid: 6 }, env: [expect.stringContaining('PATH=') as string, 'A=1'] },
  ]);
});

test('a container that there is not', async () => {
  const { status, errors } = await world.ctl('exec', 'web', 'ls');
  expect(status).toBe(1);
  expect(errors).toContain('web: no such container');
});

test("the daemon's words on failure", async () => {
  world.daemon.add('web', 'running', 1);
  world.daemon.onAdd = () => {
    throw new Refusal('oci runtime error: exec: "lss": executable file not found');
  };
  const { status, errors } = await world.ctl('exec', 'web', 'lss');
  expect(status).toBe(1);
  expect(errors).toContain('holdfastctl: oci runtime error: exec: "lss": executable file not found\n');
});

test.each([['--uid', '-1'], ['--uid', '4294967296'], ['--gid', 'x']])('%s %s is 2', async (option, value) => {
  expect((await world.ctl('exec', 'web', `${option}=${value}`, '--', 'ls')).status).toBe(2);
});
