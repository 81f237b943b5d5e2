import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test.each(['HUP', 'SIGHUP', '1'])('%s', async (name) => {
  world.daemon.add('web', 'running', 1);
  expect(await world.ctl('signal', name, 'web')).toEqual({ status: 0, lines: ['web: signalled'], errors: '' });
  expect(world.daemon.signals).toEqual([{ id: 'web', pid: 'init', signal: 1 }]);
});

test('all, an unknown one, one that has just ended', async () => {
  world.daemon.add('a', 'running', 1);
  world.daemon.add('b', 'running', 1);
  world.daemon.onSignal = ({ id }) => {
    if (id === 'b') throw new Refusal('no such process');
  };
  expect(await world.ctl('signal', 'TERM', 'all')).toMatchObject({
    status: 7,
    lines: ['a: signalled', 'b: ERROR (not running)'],
  });
  expect(await world.ctl('signal', 'TERM', 'x')).toMatchObject({ status: 1, lines: ['x: ERROR (no such process)'] });
});

test('a signal that there is not', async () => {
  expect(await world.ctl('signal', 'FOO', 'all')).toMatchObject({ status: 2, lines: [] });
});
