import Ajv2020 from 'ajv/dist/2020';
import { State } from '../../../../src/api/gen/holdfast/v1/containers';
import { schemas } from '../../../../src/ctl/commands/schema';
import { noEnd } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();
const column = (name: string): string => name.padEnd(33);
const day = /[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/.source;
const end = { ...noEnd, ended_at: { seconds: 1_472_467_620n, nanos: 0 }, exit_status: 3 };

test('no containers: no lines', async () => {
  expect(await world.ctl('status')).toEqual({ status: 0, lines: [], errors: '' });
});

test('all states, in the order of names', async () => {
  const { daemon, ctl } = world;
  daemon.add('web');
  daemon.add('db', State.RUNNING, { paused: true });
  daemon.add('full', State.RUNNING, { out_of_memory: true });
  daemon.add('ended', State.EXITED, { last_end: end });
  daemon.add('new', State.STOPPED);
  daemon.add('broken', State.FATAL, { reason: "can't find command '/srv/worker'\nand more" });
  daemon.add('coming', State.STARTING);
  daemon.add('going', State.STOPPING);
  daemon.add('mail', State.BACKOFF, { reason: 'Exited too quickly (exit status 1), next start in 0:00:07' });
  const { status, lines } = await ctl('status');
  expect(status).toBe(3);
  const up = 'pid 53, uptime 1:00:0\\d';
  expect(lines).toEqual([
    `${column('broken')}FATAL     can't find command '/srv/worker'`,
    `${column('coming')}STARTING  `,
    expect.stringMatching(new RegExp(`^${column('db')}RUNNING   ${up}, paused$`)),
    expect.stringMatching(new RegExp(`^${column('ended')}EXITED    ${day}$`)),
    expect.stringMatching(new RegExp(`^${column('full')}RUNNING   ${up}, out of memory$`)),
    `${column('going')}STOPPING  `,
    `${column('mail')}BACKOFF   Exited too quickly (exit status 1), next start in 0:00:07`,
    `${column('new')}STOPPED   Not started`,
    expect.stringMatching(new RegExp(`^${column('web')}RUNNING   ${up}$`)),
  ]);
});

test('patterns and names; 0 when none of them is down', async () => {
  world.daemon.add('web-1');
  world.daemon.add('web-2', State.STARTING);
  world.daemon.add('gone', State.STOPPED);
  const { status, lines } = await world.ctl('status', 'web-*');
  expect(status).toBe(0);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['web-1', 'web-2']);
  expect((await world.ctl('status', '--strict', 'web-*')).status).toBe(3);
});

test('an unknown name is 4, but 3 where something is down; the others are shown all the same', async () => {
  world.daemon.add('db', State.STOPPED);
  world.daemon.add('web');
  expect(await world.ctl('status', 'nobody', 'web')).toMatchObject({
    status: 4,
    lines: ['nobody: ERROR (no such process)', expect.stringContaining('RUNNING') as string],
  });
  expect((await world.ctl('status', 'nobody', 'x*', 'db')).status).toBe(3);
});

test('a name that is nearly one is told which that is', async () => {
  world.daemon.add('web');
  const { lines, errors } = await world.ctl('status', 'wbe');
  expect(lines).toEqual(['wbe: ERROR (no such process)']);
  expect(errors).toBe('  Did you mean web? Programs are listed by: holdfastctl ps -a\n');
});

test("as is a group's", async () => {
  world.daemon.add('web:web_00');
  expect((await world.ctl('status', 'wbe')).errors).toBe('  Did you mean web? Programs are listed by: holdfastctl ps -a\n');
});

test('no daemon is 4: what is wrong on stdout, what to do on stderr', async () => {
  world.daemon.stop();
  const { status, lines, errors } = await world.ctl('status');
  expect(status).toBe(4);
  expect(lines).toEqual([`${world.daemon.address} no such file`]);
  expect(errors).toMatch(/^ {2}holdfastd does not run, or has another socket: .*\n$/);
});

test('JSON, as its schema says', async () => {
  world.daemon.add('web');
  world.daemon.add('old', State.EXITED, { last_end: { ...end, exit_status: 137, ran_ns: 1_500_000_000n } });
  const { status, lines, errors } = await world.ctl('status', '--json', 'web', 'old', 'nobody');
  expect(status).toBe(3);
  const printed = JSON.parse(lines.join('\n')) as unknown[];
  expect(printed).toMatchObject([
    { name: 'web', state: 'RUNNING', pid: 53, uptime_seconds: expect.any(Number) as number, last_end: null },
    { name: 'old', state: 'EXITED', pid: null, last_end: { time: '2016-08-29T10:47:00.000000000Z', exit_status: 137, signal: 'SIGKILL', ran_seconds: 1.5 } },
  ]);
  const validate = new Ajv2020().compile(schemas['status'] ?? {});
  validate(printed);
  expect(validate.errors).toBeNull();
  expect(JSON.parse(errors)).toEqual({ error: { code: 'no_such_process', name: 'nobody', message: 'nobody: no such process' } });
});
