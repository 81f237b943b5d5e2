import { status as grpc } from '@grpc/grpc-js';
import { Refusal } from '../support/fake-daemon';
import { withDaemon } from './harness';

const world = withDaemon();

test('started', async () => {
  expect(await world.ctl('start', 'web', 'some/bundle')).toEqual({ status: 0, lines: ['web: started'], errors: '' });
  expect(world.daemon.created).toEqual([
    {
      id: 'web',
      bundlePath: `${process.cwd()}/some/bundle`,
      checkpoint: '',
      stdin: '',
      stdout: '',
      stderr: '',
      labels: [],
      noPivotRoot: false,
      runtime: '',
      runtimeArgs: [],
      checkpointDir: '',
    },
  ]);
});

test('options', async () => {
  const options = ['--label', 'a=1', '-l', 'b', '--no-pivot', '--runtime', 'crun', '--runtime-args', '--debug', '--runtime-args', 'x'];
  await world.ctl('start', ...options, 'web', '/b');
  expect(world.daemon.created).toMatchObject([
    { labels: ['a=1', 'b'], noPivotRoot: true, runtime: 'crun', runtimeArgs: ['--debug', 'x'] },
  ]);
});

test('a name in use is told by the container that is there after the failure', async () => {
  world.daemon.add('web', 'running', 1);
  world.daemon.onCreate = () => {
    throw new Refusal('mkdir web: file exists');
  };
  expect(await world.ctl('start', 'web', '/b')).toEqual({
    status: 0,
    lines: ['web: ERROR (already started)'],
    errors: '',
  });
});

test.each([
  ['oci runtime error: exec: "x": executable file not found in $PATH', 'spawn error', 'See that the bundle is there'],
  ['oci runtime error: permission denied', 'spawn error', 'may be executed'],
  ['crun not installed on system', 'spawn error', '--runtime'],
  ['containerd: container not started', 'spawn error', "The daemon's log says more."],
  ['containerd: container did not start before the specified timeout', 'abnormal termination', 'hangs'],
  ['containerd: shim exited before container process was started', 'abnormal termination', 'log says more'],
])('%s', async (text, result, advice) => {
  world.daemon.onCreate = () => {
    throw new Refusal(text);
  };
  const { status, lines, errors } = await world.ctl('start', 'web', '/b');
  expect(status).toBe(7);
  expect(lines).toEqual([`web: ERROR (${result})`]);
  expect(errors).toContain(`holdfastctl: web: ${text}\n`);
  expect(errors).toContain(advice);
});

test('an argument that the daemon refuses is 2', async () => {
  world.daemon.onCreate = () => {
    throw new Refusal('invalid container id "a/b"', grpc.INVALID_ARGUMENT);
  };
  expect(await world.ctl('start', 'a/b', '/b')).toEqual({
    status: 2,
    lines: [],
    errors: 'holdfastctl: invalid container id "a/b"\n',
  });
});

test('attached, without a config.json: nothing is asked of the daemon', async () => {
  const { status, lines, errors } = await world.ctl('start', '-a', 'web', world.daemon.directory);
  expect(status).toBe(7);
  expect(lines).toEqual(['web: ERROR (spawn error)']);
  expect(errors).toContain(`cannot read ${world.daemon.directory}/config.json: ENOENT`);
  expect(errors).toContain('holdfastctl bundle');
  expect(world.daemon.created).toEqual([]);
});

test('no arguments are 2', async () => {
  expect((await world.ctl('start')).status).toBe(2);
});
