import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

/** docker tells the size after the start. */
const sized = 'while [ "$(stty size 2>/dev/null)" != "40 100" ]; do sleep 0.05; done; stty size';
const patient = 'trap "echo bye; exit 5" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.1; done';

describeReal('docker: run, exec, logs, stop, kill', () => {
  const sides = new SideBySide((name) => new DockerSide(name, { runtimes: { gone: { path: '/nonexistent/runtime' } } }));
  const same = sides.same.bind(sides);

  same('version and info name the containerd', async (side) => {
    const { stdout } = await side.quietly({}, 'version');
    expect(stdout).toMatch(/containerd:\n +Version: +1\.6\.20.*\n +GitCommit: +\S+/);
    const info = await side.docker('info', '--format', '{{.Driver}} {{.DefaultRuntime}} {{.CgroupDriver}}');
    expect(info.code).toBe(0);
  });

  same('run --rm: output, exit status', async (side) => {
    const { stdout, stderr, code } = await side.docker('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    expect({ stdout, stderr, code }).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 3 });
    await side.docker('ps', '--all', '--quiet');
  });

  same('runs that fail: 125, 126, 127', async (side) => {
    expect((await side.docker('run', '--name', 'none', 'busybox', 'nonesuch')).code).toBe(127);
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}', 'none');
    expect((await side.docker('run', '--rm', 'busybox', '/bin/nonesuch')).code).toBe(127);
    expect((await side.docker('run', '--rm', 'busybox', '/etc/passwd')).code).toBe(126);
    expect((await side.docker('run', '--rm', 'busybox', '/etc')).code).toBe(126);
    expect((await side.docker('run', '--rm', '--runtime', 'nonesuch', 'busybox', 'true')).code).toBe(125);
    await side.docker('run', '--rm', '--runtime', 'gone', 'busybox', 'true');
    await side.docker('start', 'none');
    await side.docker('rm', 'none');
    await side.docker('run', '--rm', '--workdir', '/etc/passwd', 'busybox', 'true');
    await side.docker('run', '--rm', '--user', 'nobody-here', 'busybox', 'true');
  });

  same('run -i: standard input, to its end', async (side) => {
    const { stdout } = await side.dockerWith({ stdin: 'one\ntwo\n' }, 'run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo end');
    expect(stdout).toBe('one\ntwo\nend\n');
    const again = await side.dockerWith({ stdin: 'one\ntwo\n' }, 'run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; cat /dev/stdin; echo end');
    expect(again.stdout).toBe('one\ntwo\nend\n');
    const much = 'x'.repeat(99).concat('\n').repeat(20_000);
    const { stdout: counted } = await side.quietly({ stdin: much }, 'run', '--rm', '-i', 'busybox', 'wc', '-c');
    expect(counted.trim()).toBe('2000000');
    const { stdout: back } = await side.quietly({}, 'run', '--rm', 'busybox', 'seq', '1', '100000');
    expect(back.length).toBe(588_895);
  });

  same('run -it: a terminal, its size, its input', async (side) => {
    const terminal = side.dockerd.inTerminal('run', '--rm', '-it', 'busybox', 'sh', '-c', `${sized}; read line; echo "got $line"; tty; exit 4`);
    await terminal.until((said) => said.includes('40 100'), 'the size of the terminal');
    terminal.write('hello\n');
    const { stdout, code } = await terminal.outcome();
    side.note(`${stdout}exit status ${String(code)}`);
    expect(code).toBe(4);
  });

  same('run -it: interrupted from the terminal', async (side) => {
    const script = 'trap "echo int; exit 9" INT; echo ready; while :; do sleep 0.1; done';
    const terminal = side.dockerd.inTerminal('run', '--rm', '-it', 'busybox', 'sh', '-c', script);
    await terminal.until((said) => said.includes('ready'), 'the shell');
    terminal.write('\u0003');
    const { stdout, code } = await terminal.outcome();
    expect(stdout).toContain('int');
    expect(code).toBe(9);
  });

  same('detach from a terminal by its keys, and attach again', async (side) => {
    const first = side.dockerd.inTerminal('run', '-it', '--name', 'detached', 'busybox', 'sh');
    await first.until((said) => said.includes('/ #'), 'the prompt');
    first.write('\u0010\u0011');
    expect((await first.outcome()).code).toBe(0);
    await side.docker('ps', '--format', '{{.Names}} {{.Image}} {{.Command}}');
    const second = side.dockerd.inTerminal('attach', 'detached');
    // It has no prompt until a line is asked for.
    await until('the shell', () => {
      second.write('echo again$((1 + 1))\n');
      return second.stdout;
    }, (said) => said.includes('again2'));
    second.write('exit 7\n');
    expect((await second.outcome()).code).toBe(7);
    await side.docker('rm', 'detached');
  });

  same('exec: output, exit status, input, terminal, user, failure, detached', async (side) => {
    await side.docker('run', '-d', '--name', 'host', 'busybox', 'sleep', '1000');
    const { stdout, stderr, code } = await side.docker('exec', 'host', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    expect({ stdout, stderr, code }).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 3 });
    await side.dockerWith({ stdin: 'in\n' }, 'exec', '-i', 'host', 'sh', '-c', 'cat; cat /dev/stdin; echo end');
    const terminal = side.dockerd.inTerminal('exec', '-it', 'host', 'sh', '-c', `${sized}; read line; echo "got $line"; exit 6`);
    await terminal.until((said) => said.includes('40 100'), 'the size of the terminal');
    terminal.write('hello\n');
    const outcome = await terminal.outcome();
    side.note(`${outcome.stdout}exit status ${String(outcome.code)}`);
    expect(outcome.code).toBe(6);
    await side.docker('exec', '--user', '1000:1000', '--workdir', '/tmp', '--env', 'A=b', 'host', 'sh', '-c', 'id -u; pwd; echo $A');
    expect((await side.docker('exec', 'host', 'nonesuch')).code).toBe(126);
    expect((await side.docker('exec', 'host', '/etc/passwd')).code).toBe(126);
    await side.docker('exec', 'nope', 'true');
    await side.docker('exec', '-d', 'host', 'sh', '-c', 'echo done >/tmp/done');
    await until('the detached exec', async () => (await side.quietly({}, 'exec', 'host', 'cat', '/tmp/done')).stdout, (said) => said === 'done\n');
    expect((await side.docker('exec', 'host', 'sh', '-c', 'kill -9 $$')).code).toBe(137);
    // One that stays when its container goes.
    const staying = side.dockerd.beside('exec', 'host', 'sh', '-c', 'echo here; exec sleep 1000');
    await staying.until((said) => said.includes('here'), 'the exec');
    await side.docker('kill', 'host');
    expect((await staying.outcome()).code).toBe(137);
    await side.docker('exec', 'host', 'true');
    await side.docker('rm', 'host');
  });

  same('logs: both streams, tail, follow, timestamps', async (side) => {
    await side.docker('run', '--name', 'logged', 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo out$i; done; echo err >&2');
    const { stdout, stderr } = await side.quietly({}, 'logs', 'logged');
    expect({ stdout, stderr }).toEqual({ stdout: 'out1\nout2\nout3\n', stderr: 'err\n' });
    expect((await side.quietly({}, 'logs', '--timestamps', 'logged')).stdout).toMatch(/^\S+T\S+Z out1\n/);
    await side.docker('rm', 'logged');
    await side.docker('run', '-d', '--name', 'talking', 'busybox', 'sh', '-c', 'echo first; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo last');
    const following = side.dockerd.beside('logs', '--follow', 'talking');
    await following.until((said) => said.includes('first'), 'the first line');
    await side.docker('exec', 'talking', 'touch', '/tmp/go');
    expect((await following.outcome()).stdout).toBe('first\nlast\n');
    await side.docker('logs', '--tail', '1', 'talking');
    await side.docker('wait', 'talking');
    await side.docker('rm', 'talking');
  });

  same('stop, kill, restart, start', async (side) => {
    await side.docker('run', '-d', '--name', 'polite', 'busybox', 'sh', '-c', patient);
    await side.untilLogs('polite', (logs) => logs.includes('ready'));
    await side.docker('kill', '--signal', 'USR1', 'polite');
    await side.untilLogs('polite', (logs) => logs.includes('usr1'));
    await side.docker('stop', 'polite');
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}', 'polite');
    expect((await side.inspect('polite', '{{.State.ExitCode}}'))).toBe('5');
    expect(Date.parse(await side.inspect('polite', '{{.State.FinishedAt}}'))).toBeGreaterThan(Date.parse(await side.inspect('polite', '{{.State.StartedAt}}')));
    await side.docker('logs', 'polite');
    await side.docker('start', 'polite');
    await side.untilLogs('polite', (logs) => logs.split('ready').length === 3);
    await side.docker('restart', '--time', '5', 'polite');
    await side.untilLogs('polite', (logs) => logs.split('ready').length === 4);
    await side.docker('kill', 'polite');
    await side.docker('wait', 'polite');
    await side.docker('stop', 'polite');
    await side.docker('kill', 'polite');
    await side.docker('rm', 'polite');

    await side.docker('run', '-d', '--name', 'deaf', 'busybox', 'sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done');
    await side.untilLogs('deaf', (logs) => logs.includes('ready'));
    await side.docker('stop', '--time', '1', 'deaf');
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'deaf');
    await side.docker('start', 'deaf');
    await side.docker('rm', '--force', 'deaf');
    await side.docker('ps', '--all', '--quiet');
  });

  same('create, cp, diff, commit, rename, wait, prune', async (side) => {
    await side.docker('create', '--name', 'made', 'busybox', 'sh', '-c', 'echo "$(cat /tmp/in)" there; echo new >/root/out');
    await side.dockerWith({ stdin: '' }, 'cp', '/etc/hostname', 'made:/tmp/in');
    await side.docker('start', 'made');
    await side.docker('wait', 'made');
    side.note((await side.quietly({}, 'diff', 'made')).stdout.split('\n').sort().join('\n'));
    await side.docker('commit', 'made', 'again');
    await side.docker('run', '--rm', 'again', 'cat', '/root/out');
    await side.docker('rename', 'made', 'renamed');
    await side.docker('container', 'prune', '--force');
    await side.docker('rmi', 'again');
  });

  same('volumes, tmpfs, init, environment, read-only, capabilities, sysctl, ulimit, devices', async (side) => {
    await side.docker('run', '--rm', '--volume', 'data:/data', 'busybox', 'sh', '-c', 'echo kept >/data/x');
    await side.docker('run', '--rm', '--volume', 'data:/data:ro', 'busybox', 'cat', '/data/x');
    await side.docker('volume', 'rm', 'data');
    await side.docker('run', '--rm', '--init', 'busybox', 'sh', '-c', 'cat /proc/1/comm');
    await side.docker('run', '--rm', '--tmpfs', '/t', '--read-only', '--env', 'A=b', 'busybox', 'sh', '-c', 'touch /t/x && echo $A; touch /x');
    await side.docker('run', '--rm', '--cap-drop', 'ALL', '--cap-add', 'CHOWN', '--security-opt', 'no-new-privileges', 'busybox', 'grep', 'Cap', '/proc/self/status');
    await side.docker('run', '--rm', '--sysctl', 'net.ipv4.ip_forward=1', '--ulimit', 'nofile=77:88', 'busybox', 'sh', '-c', 'cat /proc/sys/net/ipv4/ip_forward; ulimit -n');
    await side.docker('run', '--rm', '--device', '/dev/null:/dev/mine', '--hostname', 'named', 'busybox', 'sh', '-c', 'ls /dev/mine; hostname');
    await side.docker('run', '--rm', '--pid', 'host', '--ipc', 'host', 'busybox', 'sh', '-c', 'test $$ != 1 && echo not the first');
    await side.docker('run', '--rm', '--stop-signal', 'USR1', '--oom-score-adj', '77', '--cpu-shares', '77', '--pids-limit', '77', 'busybox', 'cat', '/proc/self/oom_score_adj');
  });

  same('networks: from one container to another, a published port', async (side) => {
    await side.docker('network', 'create', 'net');
    await side.docker('run', '-d', '--name', 'web', '--network', 'net', '--publish', '127.0.0.1:8099:80', 'busybox', 'sh', '-c', 'mkdir /www; echo page >/www/x; exec httpd -f -h /www');
    await until('the page', async () => (await side.quietly({}, 'run', '--rm', '--network', 'net', 'busybox', 'wget', '-qO-', 'http://web/x')).stdout, (said) => said === 'page\n');
    await side.docker('run', '--rm', '--network', 'container:web', 'busybox', 'wget', '-qO-', 'http://127.0.0.1/x');
    await side.docker('run', '--rm', '--network', 'host', 'busybox', 'wget', '-qO-', 'http://127.0.0.1:8099/x');
    await side.docker('run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net');
    await side.docker('stop', '--time', '1', 'web');
    await side.docker('rm', 'web');
    await side.docker('network', 'rm', 'net');
  });
});
