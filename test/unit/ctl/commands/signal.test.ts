import { status as grpc } from '@grpc/grpc-js';
import { State } from '../../../../src/api/gen/holdfast/v1/containers';
import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test.each(['HUP', 'SIGHUP', '1'])('%s', async (name) => {
  world.daemon.add('web');
  expect(await world.ctl('signal', name, 'web')).toEqual({ status: 0, lines: ['web: signalled'], errors: '' });
  expect(world.daemon.signals).toEqual([{ name: 'web', process: 'init', signal: 1 }]);
});

test('several, an unknown one, one that has just ended, one that is down', async () => {
  world.daemon.add('a');
  world.daemon.add('b');
  world.daemon.add('c', State.STOPPED);
  world.daemon.onSignal = ({ name }) => {
    if (name === 'b') throw new Refusal('no such process', grpc.FAILED_PRECONDITION);
  };
  expect(await world.ctl('signal', 'TERM', 'a', 'b', 'c')).toMatchObject({
    status: 7,
    lines: ['a: signalled', 'b: ERROR (not running)', 'c: ERROR (not running)'],
  });
  expect(await world.ctl('signal', 'TERM', 'all')).toMatchObject({ status: 0, lines: ['a: signalled'] });
  expect(await world.ctl('signal', 'TERM', 'nobody')).toMatchObject({ status: 1, lines: ['nobody: ERROR (no such process)'] });
});

test('a signal that there is not', async () => {
  world.daemon.add('web');
  expect(await world.ctl('signal', 'FOO', 'web')).toMatchObject({ status: 1, lines: ['web: ERROR (bad signal name)'] });
});
