import { Outcome, State } from '../../../../src/api/gen/holdfast/v1/containers';
import { withDaemon } from './harness';

const world = withDaemon();

test('stopped, with the signal and the time that are asked for', async () => {
  world.daemon.add('web');
  expect(await world.ctl('stop', 'web')).toEqual({ status: 0, lines: ['web: stopped'], errors: '' });
  await world.ctl('stop', 'web', '--timeout', '1.5', '--signal', 'INT');
  expect(world.daemon.stopped).toEqual([
    { names: ['web'], signal: 0, timeout_ms: 10_000n },
    { names: ['web'], signal: 2, timeout_ms: 1500n },
  ]);
});

test('of several each is told, in the order asked for, and the last failure is the status', async () => {
  world.daemon.add('a');
  world.daemon.add('b');
  world.daemon.onStop = async (_request, name) => {
    if (name === 'b') await new Promise(setImmediate);
    return name === 'a' ? Outcome.NOT_RUNNING : Outcome.STOPPED_NOW;
  };
  expect(await world.ctl('stop', 'b', 'nobody', 'a')).toMatchObject({
    status: 1,
    lines: ['b: stopped', 'nobody: ERROR (no such process)', 'a: ERROR (not running)'],
  });
});

test('of all, only what has changed is told', async () => {
  world.daemon.add('a');
  world.daemon.add('b', State.STOPPED);
  world.daemon.onStop = (_request, name) => (name === 'b' ? Outcome.NOT_RUNNING : Outcome.STOPPED_NOW);
  expect(await world.ctl('stop', 'all')).toEqual({ status: 0, lines: ['a: stopped'], errors: '' });
});

test('without a name: 2 of start, 1 of others, as supervisorctl has it', async () => {
  expect(await world.ctl('stop')).toMatchObject({ status: 1, lines: ['Error: stop requires a process name'] });
  expect((await world.ctl('start')).status).toBe(2);
  expect((await world.ctl('restart')).status).toBe(1);
});
