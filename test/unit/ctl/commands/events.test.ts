import { run } from '../../../../src/ctl/program/run';
import { FakeIo } from '../support/fake-io';
import { withDaemon } from './harness';

const world = withDaemon();

/** Resolves once the daemon has the subscription. */
async function subscribed(): Promise<void> {
  while (world.daemon.subscriptions.length === 0) await new Promise(setImmediate);
}

test('live, until the daemon goes', async () => {
  const io = new FakeIo();
  const ended = run(['-s', world.daemon.address, 'events'], io);
  await subscribed();
  world.daemon.emit({ type: 'start-container', name: 'web', pid: 7 });
  await io.stdout.holds('start-container');
  world.daemon.vanish();
  expect(await ended).toBe(7);
  expect(io.lines).toEqual(['2016-08-29T10:47:01.000Z  1     start-container   web               pid 7']);
  expect(world.daemon.subscriptions).toMatchObject([{ since: undefined, stored_only: false, name: '' }]);
});

test('stored ones, to now', async () => {
  world.daemon.emit({ type: 'start-container', name: 'web', by: { uid: 0, pid: 3 } });
  world.daemon.exit('web', 137);
  const { status, lines } = await world.ctl('events', '--until', 'now', '--json');
  expect(status).toBe(0);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { id: 1, time: '2016-08-29T10:47:01.000000500Z', type: 'start-container', name: 'web', exit_status: null, by: { uid: 0, pid: 3 } },
    { id: 2, time: '2016-08-29T10:47:02.000000500Z', type: 'exit', name: 'web', process: 'init', exit_status: 137, by: null },
  ]);
  expect((await world.ctl('events', '--until', 'now')).lines.at(-1)).toMatch(/ exit {14}web {15}killed by SIGKILL after 1\.0 s$/);
});

test('after an id, to a time, of names and types', async () => {
  for (let n = 0; n < 5; n += 1) world.daemon.emit({ type: n % 2 === 0 ? 'pause' : 'resume', name: 'web-1' });
  world.daemon.emit({ type: 'pause', name: 'other' });
  const ids = async (...args: string[]): Promise<number[]> =>
    (await world.ctl('events', '--json', '--until', 'now', ...args)).lines.map((line) => (JSON.parse(line) as { id: number }).id);
  expect(await ids('--after', '2', '--name', 'web-*')).toEqual([3, 4, 5]);
  expect(await ids('--type', 'pause,oom')).toEqual([1, 3, 5, 6]);
  expect((await world.ctl('events', '--json', '--until', '2016-08-29T10:47:02.9Z')).lines).toHaveLength(2);
});

test('what is no time is 2', async () => {
  const { status, errors } = await world.ctl('events', '--since', 'yesterday');
  expect(status).toBe(2);
  expect(errors).toContain('A time is wanted');
});

test('a reader that has gone ends it without a word', async () => {
  const io = new FakeIo();
  const ended = run(['-s', world.daemon.address, 'events'], io);
  await subscribed();
  io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(await ended).toBe(141);
  expect(io.stderr.text).toBe('');
});
