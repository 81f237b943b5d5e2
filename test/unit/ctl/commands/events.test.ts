import { run } from '../../../../src/ctl/run';
import { eventHeader } from '../../../../src/ctl/text/event-line';
import { FakeIo } from '../support/fake-io';
import { withDaemon } from './harness';

const world = withDaemon();

test('live, until the daemon goes', async () => {
  const io = new FakeIo();
  const ended = run(['-s', world.daemon.address, 'events'], io);
  await io.stdout.holds(eventHeader);
  world.daemon.emit({ type: 'start-container', id: 'web' });
  await io.stdout.holds('start-container');
  world.daemon.vanish();
  expect(await ended).toBe(7);
  expect(io.lines).toHaveLength(2);
  expect(world.daemon.subscriptions).toMatchObject([{ timestamp: undefined, storedOnly: false, id: '' }]);
});

test('stored ones, to now', async () => {
  world.daemon.emit({ type: 'start-container', id: 'web' });
  world.daemon.exit('web', 3);
  const { status, lines } = await world.ctl('events', '--until', 'now', '--json');
  expect(status).toBe(0);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: '2016-08-29T10:47:01.000000500Z', type: 'start-container', id: 'web' },
    { time: '2016-08-29T10:47:02.000000500Z', type: 'exit', id: 'web', pid: 'init', status: 3 },
  ]);
});

test('from a time to a time, of one container', async () => {
  for (let n = 0; n < 5; n += 1) world.daemon.emit({ type: 'pause', id: 'web' });
  world.daemon.emit({ type: 'pause', id: 'other' });
  const { lines } = await world.ctl(
    ...['events', '--id', 'web', '--json'],
    ...['--timestamp', '2016-08-29T10:47:02.0000005Z', '--until', '2016-08-29T10:47:04.9Z'],
  );
  expect(lines.map((line) => (JSON.parse(line) as { time: string }).time.slice(17, 19))).toEqual(['03', '04']);
});

test('what is no time is 2', async () => {
  const { status, errors } = await world.ctl('events', '--since', 'yesterday');
  expect(status).toBe(2);
  expect(errors).toContain('A time is wanted');
});

test('a reader that has gone ends it without a word', async () => {
  const io = new FakeIo();
  const ended = run(['-s', world.daemon.address, 'events'], io);
  await io.stdout.holds(eventHeader);
  io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(await ended).toBe(141);
  expect(io.stderr.text).toBe('');
});
