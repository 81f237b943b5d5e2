import { status as grpc } from '@grpc/grpc-js';
import { Outcome, State } from '../../../../src/api/gen/holdfast/v1/containers';
import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test('started, from a bundle', async () => {
  expect(await world.ctl('start', 'web', 'some/bundle')).toEqual({ status: 0, lines: ['web: started'], errors: '' });
  expect(world.daemon.started).toMatchObject([
    {
      names: ['web'],
      definition: {
        bundle: `${process.cwd()}/some/bundle`,
        runtime: '',
        runtime_args: [],
        no_pivot: false,
        labels: [],
        stdio: { stdin: '', stdout: '', stderr: '' },
        remove_at_end: false,
      },
    },
  ]);
});

test('options', async () => {
  const options = ['--label', 'a=1', '-l', 'b', '--no-pivot', '--rm', '--runtime', 'crun', '--runtime-args', '--debug', '--runtime-args', 'x'];
  await world.ctl('start', ...options, 'web', '/b');
  expect(world.daemon.started).toMatchObject([
    { definition: { labels: ['a=1', 'b'], no_pivot: true, runtime: 'crun', runtime_args: ['--debug', 'x'], remove_at_end: true } },
  ]);
});

test('by name: several, in the order asked for; the last failure is the status', async () => {
  world.daemon.add('a', State.STOPPED);
  world.daemon.add('b');
  world.daemon.onStart = (_request, name) => (name === 'b' ? Outcome.ALREADY_STARTED : { outcome: Outcome.SPAWN_ERROR, detail: 'crun not installed on system' });
  const { status, lines, errors } = await world.ctl('start', 'a', 'nobody', 'b');
  expect(status).toBe(1);
  expect(lines).toEqual(['a: ERROR (spawn error)', 'nobody: ERROR (no such process)', 'b: ERROR (already started)']);
  expect(errors).toContain('holdfastctl: a: crun not installed on system\n  Install it, or name another one with --runtime.\n');
  expect((await world.ctl('start', 'nobody', 'a')).status).toBe(7);
  expect(world.daemon.started[0]).toMatchObject({ names: ['a', 'b'], definition: undefined });
});

test('all: what has a definition, and only what has changed is told', async () => {
  world.daemon.add('a', State.STOPPED);
  world.daemon.add('b');
  world.daemon.add('old', State.RUNNING, { namespace: 'legacy', definition: undefined });
  world.daemon.onStart = (_request, name) => (name === 'b' ? Outcome.ALREADY_STARTED : Outcome.STARTED);
  expect(await world.ctl('start', 'all')).toEqual({ status: 0, lines: ['a: started'], errors: '' });
  expect(world.daemon.started).toMatchObject([{ names: ['a', 'b'] }]);
});

test.each([
  [Outcome.NO_SUCH_FILE, 'oci runtime error: exec: "x": executable file not found in $PATH', 'no such file', 1, 'holdfastctl start web'],
  [Outcome.NOT_EXECUTABLE, 'oci runtime error: exec: "x": permission denied', 'file is not executable', 1, 'may be executed'],
  [Outcome.SPAWN_ERROR, 'containerd: container not started', 'spawn error', 7, "The daemon's log says more."],
  [Outcome.ABNORMAL_TERMINATION, 'containerd: container did not start before the specified timeout', 'abnormal termination', 7, 'hangs'],
])('outcome %i, %s', async (outcome, detail, result, expected, advice) => {
  world.daemon.onStart = () => ({ outcome, detail });
  const { status, lines, errors } = await world.ctl('start', 'web', '/b');
  expect({ status, lines }).toEqual({ status: expected, lines: [`web: ERROR (${result})`] });
  expect(errors).toContain(`holdfastctl: web: ${detail}\n`);
  expect(errors).toContain(advice);
});

test('a request that the daemon refuses is 2', async () => {
  world.daemon.onStart = () => { throw new Refusal('not a name: "a b"', grpc.INVALID_ARGUMENT); };
  expect(await world.ctl('start', 'a b', '/b')).toEqual({ status: 2, lines: [], errors: 'holdfastctl: not a name: "a b"\n' });
});

test('attached, without a config.json: nothing is asked of the daemon', async () => {
  const { status, errors } = await world.ctl('start', '-a', 'web', `${world.daemon.directory}/.`);
  expect(status).toBe(7);
  expect(errors).toContain(`cannot read ${world.daemon.directory}/config.json: ENOENT`);
  expect(errors).toContain('holdfastctl bundle');
  expect(world.daemon.started).toEqual([]);
});
