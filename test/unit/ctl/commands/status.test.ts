import { withDaemon } from './harness';

const world = withDaemon();
const column = (name: string): string => name.padEnd(33);
const day = /[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/.source;

test('no containers: no lines', async () => {
  expect(await world.ctl('status')).toEqual({ status: 0, lines: [], errors: '' });
});

test('all states, in the order of names', async () => {
  const { daemon, ctl } = world;
  daemon.add('web', 'running', process.pid);
  daemon.add('db', 'paused', process.pid);
  daemon.emit({ type: 'start-container', id: 'old' });
  daemon.add('old', 'stopped');
  daemon.emit({ type: 'exit', id: 'old', pid: 'init', status: 3 });
  daemon.add('new', 'stopped');
  const { status, lines } = await ctl('status');
  expect(status).toBe(3);
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^${column('db')}PAUSED    pid ${process.pid}, uptime \\d+:\\d\\d:\\d\\d$`)),
    `${column('new')}STOPPED   Not started`,
    expect.stringMatching(new RegExp(`^${column('old')}STOPPED   ${day}$`)),
    expect.stringMatching(new RegExp(`^${column('web')}RUNNING   pid ${process.pid}, uptime \\d+:\\d\\d:\\d\\d$`)),
  ]);
});

test('patterns and names; 0 when all of them run', async () => {
  world.daemon.add('web-1', 'running', process.pid);
  world.daemon.add('web-2', 'running', process.pid);
  world.daemon.add('gone', 'stopped');
  const { status, lines } = await world.ctl('status', 'web-*');
  expect(status).toBe(0);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['web-1', 'web-2']);
});

test('one that has ended is shown by its name, with when it ended', async () => {
  world.daemon.emit({ type: 'exit', id: 'web', pid: 'exec-1', status: 9 });
  world.daemon.exit('web', 143);
  const { status, lines } = await world.ctl('status', 'web');
  expect(status).toBe(3);
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${column('web')}EXITED    ${day}$`))]);
});

test('an unknown name is 4, and the others are shown all the same', async () => {
  world.daemon.add('web', 'stopped');
  const { status, lines } = await world.ctl('status', 'nobody', 'x*', 'web');
  expect(status).toBe(4);
  expect(lines).toEqual([
    'nobody: ERROR (no such process)',
    'x*: ERROR (no such process)',
    `${column('web')}STOPPED   Not started`,
  ]);
});

test('no daemon is 4', async () => {
  world.daemon.stop();
  const { status, lines, errors } = await world.ctl('status');
  expect(status).toBe(4);
  expect(lines).toEqual([]);
  expect(errors).toContain(`${world.daemon.address} no such file`);
  expect(errors).toContain('Is holdfastd running?');
});

test('JSON', async () => {
  world.daemon.add('web', 'running', process.pid);
  world.daemon.exit('old', 7);
  const { status, lines, errors } = await world.ctl('status', '--json', 'web', 'old', 'nobody');
  expect(status).toBe(4);
  expect(JSON.parse(lines.join('\n'))).toEqual([
    { name: 'web', state: 'RUNNING', pid: process.pid, uptimeSeconds: expect.any(Number) as number },
    { name: 'old', state: 'EXITED', pid: 0, exitedAt: '2016-08-29T10:47:01.000000000Z', exitStatus: 7 },
  ]);
  expect(errors).toBe('holdfastctl: nobody: no such process\n');
});

test('a process that cannot be seen from here has no uptime', async () => {
  world.daemon.add('web', 'running', 2 ** 31 - 1);
  expect((await world.ctl('status')).lines).toEqual([`${column('web')}RUNNING   pid ${2 ** 31 - 1}`]);
});
