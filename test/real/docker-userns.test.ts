import { statSync } from 'node:fs';

import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';

/** What dockerd asks for the range of ids that `daemon` may have. */
const range = 'daemon:200000:65536\n';

describeReal('docker with userns-remap', () => {
  const sides = new SideBySide((name) => new DockerSide(name, { 'userns-remap': 'daemon' }, { subuid: range, subgid: range }));
  const same = sides.same.bind(sides);

  same('root in there is somebody else out here', async (side) => {
    await side.docker('run', '--rm', 'busybox', 'sh', '-c', 'id -u; cat /proc/self/uid_map; touch /root/x && ls -ln /root/x | cut -c1-20');
    await side.docker('run', '-d', '--name', 'mapped', 'busybox', 'sleep', '1000');
    const pid = await side.inspect('mapped', '{{.State.Pid}}');
    expect(statSync(`/proc/${pid}`).uid).toBe(200_000);
    await side.docker('exec', 'mapped', 'sh', '-c', 'id -u; echo out; echo err >&2; exit 3');
    await side.docker('rm', '--force', 'mapped');
  });

  same('its standard streams can be opened by name', async (side) => {
    const running = side.dockerd.beside('run', '--rm', '-i', 'busybox', 'sh', '-c', 'echo out >/dev/stdout; cat /dev/stdin; echo err >/dev/stderr; echo out2 >/proc/self/fd/1');
    running.write('in\n');
    await running.until((said) => said === 'out\nin\n', 'what was written');
    running.endInput();
    expect(await running.outcome()).toEqual({ stdout: 'out\nin\nout2\n', stderr: 'err\n', code: 0 });
    await side.docker('run', '-d', '--name', 'mapped', 'busybox', 'sleep', '1000');
    await side.docker('exec', 'mapped', 'sh', '-c', 'echo out >/dev/stdout; echo err >/dev/stderr');
    await side.docker('rm', '--force', 'mapped');
  });

  same('with a terminal', async (side) => {
    const terminal = side.dockerd.inTerminal('run', '--rm', '-it', 'busybox', 'sh', '-c', 'tty; echo out >/dev/tty; read line; echo "got $line"; exit 4');
    await terminal.until((said) => said.includes('out'), 'its output');
    terminal.write('hello\n');
    const { stdout, code } = await terminal.outcome();
    side.note(stdout);
    expect(code).toBe(4);
  });

  same('ends, failures, and another user', async (side) => {
    expect((await side.docker('run', '--rm', 'busybox', 'nonesuch')).code).toBe(127);
    await side.docker('run', '--rm', '--user', '1000', 'busybox', 'sh', '-c', 'id -u; echo x >/dev/stdout; exit 5');
    await side.docker('run', '--rm', '--userns', 'host', 'busybox', 'cat', '/proc/self/uid_map');
  });

  same('the backend killed and started', async (side) => {
    await side.docker('run', '-d', '--name', 'mapped', 'busybox', 'sh', '-c', 'trap "echo bye; exit 6" TERM; echo ready; while :; do sleep 0.1; done');
    await side.untilLogs('mapped', (logs) => logs.includes('ready'));
    await side.backend.kill();
    await side.startBackend();
    await side.docker('exec', 'mapped', 'id', '-u');
    await side.docker('stop', 'mapped');
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'mapped');
    await side.docker('logs', 'mapped');
    await side.docker('rm', 'mapped');
  });
});
