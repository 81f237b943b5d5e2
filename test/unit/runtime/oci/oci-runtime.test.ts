import {
  checkpointArgs,
  createArgs,
  deleteArgs,
  execArgs,
  killAllArgs,
  logArgs,
  pauseArgs,
  restoreArgs,
  resumeArgs,
  startArgs,
  updateArgs,
} from '../../../../src/runtime/oci/oci-runtime';

const command = { program: '/usr/sbin/runc', globalArgs: [...logArgs('/d/log.json'), '--systemd-cgroup'] };
const globals = '--log /d/log.json --log-format json --systemd-cgroup';
const create = { bundle: '/b', pidFile: '/d/pid', noPivotRoot: false };
const flags = { shell: true, tcp: true, unixSockets: true, emptyNS: ['network', 'ipc'] };
const noFlags = { shell: false, tcp: false, unixSockets: false, emptyNS: [] };
const image = { imagePath: '/c', workPath: '/c/criu.work' };

test.each([
  ['create --bundle /b --pid-file /d/pid c1', createArgs(command, 'c1', create)],
  [
    'create --bundle /b --console-socket /s --no-pivot --pid-file /d/pid c1',
    createArgs(command, 'c1', { ...create, consoleSocket: '/s', noPivotRoot: true }),
  ],
  ['exec -d --process /d/process.json --pid-file /d/pid c1', execArgs(command, 'c1', { processFile: '/d/process.json', pidFile: '/d/pid' })],
  [
    'exec -d --process /p --console-socket /s --pid-file /d/pid c1',
    execArgs(command, 'c1', { processFile: '/p', pidFile: '/d/pid', consoleSocket: '/s' }),
  ],
  ['start c1', startArgs(command, 'c1')],
  ['delete c1', deleteArgs(command, 'c1')],
  ['delete --force c1', deleteArgs(command, 'c1', { force: true })],
  ['kill --all c1 9', killAllArgs(command, 'c1')],
  ['pause c1', pauseArgs(command, 'c1')],
  ['resume c1', resumeArgs(command, 'c1')],
  ['update --resources - c1', updateArgs(command, 'c1', '-')],
  ['checkpoint --image-path /c --work-path /c/criu.work --leave-running c1', checkpointArgs(command, 'c1', { ...image, ...noFlags, exit: false })],
  [
    'checkpoint --image-path /c --work-path /c/criu.work --shell-job --tcp-established --ext-unix-sk --empty-ns network --empty-ns ipc c1',
    checkpointArgs(command, 'c1', { ...image, ...flags, exit: true }),
  ],
  [
    'restore -d --image-path /c --work-path /c/criu.work --bundle /b --shell-job --tcp-established --ext-unix-sk --empty-ns network ' +
      '--empty-ns ipc --no-pivot --pid-file /d/pid c1',
    restoreArgs(command, 'c1', { ...create, ...image, ...flags, noPivotRoot: true }),
  ],
])('%s', (expected, args) => {
  expect(args.join(' ')).toBe(`${globals} ${expected}`);
});
