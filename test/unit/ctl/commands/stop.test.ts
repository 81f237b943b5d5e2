import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();
const sent = (): (readonly [string, number])[] => world.daemon.signals.map(({ id, signal }) => [id, signal] as const);

test('SIGTERM, and the exit is waited for', async () => {
  world.daemon.add('web', 'running', 1);
  world.daemon.onSignal = ({ id }) => {
    world.daemon.emit({ type: 'exit', id, pid: 'exec-1', status: 0 });
    world.daemon.exit(id, 143);
  };
  expect(await world.ctl('stop', 'web')).toEqual({ status: 0, lines: ['web: stopped'], errors: '' });
  expect(sent()).toEqual([['web', 15]]);
});

test('several at once', async () => {
  world.daemon.add('a', 'running', 1);
  world.daemon.add('b', 'running', 1);
  world.daemon.onSignal = () => {
    if (world.daemon.signals.length < 2) return;
    world.daemon.exit('b', 0);
    world.daemon.exit('a', 0);
  };
  const { status, lines } = await world.ctl('stop', 'all');
  expect(status).toBe(0);
  expect([...lines].sort()).toEqual(['a: stopped', 'b: stopped']);
});

test('SIGKILL when it has not ended in time', async () => {
  world.daemon.add('web', 'running', 1);
  world.daemon.onSignal = ({ id, signal }) => {
    if (signal === 9) world.daemon.exit(id, 137);
  };
  expect((await world.ctl('stop', '--timeout', '0.02', 'web')).lines).toEqual(['web: stopped']);
  expect(sent()).toEqual([
    ['web', 15],
    ['web', 9],
  ]);
});

test('a paused one is resumed, or it would not hear the signal', async () => {
  world.daemon.add('web', 'paused', 1);
  world.daemon.onSignal = ({ id }) => {
    world.daemon.exit(id, 143);
  };
  await world.ctl('stop', 'web');
  expect(world.daemon.containerUpdates).toMatchObject([{ id: 'web', status: 'running' }]);
});

test('one that ends by itself in that moment is stopped', async () => {
  world.daemon.add('web', 'running', 1);
  world.daemon.onSignal = ({ id }) => {
    world.daemon.exit(id, 0);
    throw new Refusal('containerd: container not found');
  };
  expect((await world.ctl('stop', 'web')).lines).toEqual(['web: stopped']);
});

test('not running is 0, no such process is 1', async () => {
  world.daemon.add('old', 'stopped');
  world.daemon.exit('older', 0);
  expect((await world.ctl('stop', 'old')).lines).toEqual(['old: ERROR (not running)']);
  expect(await world.ctl('stop', 'older')).toMatchObject({ status: 0, lines: ['older: ERROR (not running)'] });
  expect(await world.ctl('stop', 'nobody')).toMatchObject({ status: 1, lines: ['nobody: ERROR (no such process)'] });
  expect(sent()).toEqual([]);
});
