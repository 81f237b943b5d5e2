import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

describeReal('docker: restart policies, pause, update, figures, events, memory, health', () => {
  const sides = new SideBySide((name) => new DockerSide(name));
  const same = sides.same.bind(sides);

  same('restart policies', async (side) => {
    await side.docker('run', '-d', '--name', 'thrice', '--restart', 'on-failure:3', 'busybox', 'sh', '-c', 'echo once; exit 4');
    await side.untilInspect('thrice', '{{.State.Status}} {{.RestartCount}}', (seen) => seen === 'exited 3');
    await side.docker('inspect', '--format', '{{.State.ExitCode}} {{.RestartCount}}', 'thrice');
    await side.docker('logs', 'thrice');
    await side.docker('run', '-d', '--name', 'well', '--restart', 'on-failure', 'busybox', 'true');
    await side.docker('wait', 'well');
    await side.docker('inspect', '--format', '{{.State.ExitCode}} {{.RestartCount}}', 'well');

    await side.docker('run', '-d', '--name', 'always', '--restart', 'always', 'busybox', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.1; done; rm /tmp/go; exit 1');
    await side.docker('exec', 'always', 'touch', '/tmp/go');
    await side.untilInspect('always', '{{.State.Status}} {{.RestartCount}}', (seen) => seen === 'running 1');
    // A kill by the user is no reason to restart; one behind dockerd's back is.
    const pid = Number(await side.inspect('always', '{{.State.Pid}}'));
    process.kill(pid, 'SIGKILL');
    await side.untilInspect('always', '{{.State.Status}} {{.RestartCount}}', (seen) => seen === 'running 2');
    await side.docker('kill', 'always');
    await side.untilStatus('always', 'exited');
    await side.docker('update', '--restart', 'no', 'always');
    await side.docker('rm', 'thrice', 'well', 'always');
  });

  same('pause and unpause', async (side) => {
    await side.docker('run', '-d', '--name', 'frozen', 'busybox', 'sleep', '1000');
    await side.docker('unpause', 'frozen');
    await side.docker('pause', 'frozen');
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}', 'frozen');
    await side.docker('pause', 'frozen');
    await side.docker('exec', 'frozen', 'true');
    side.note((await side.quietly({}, 'top', 'frozen', '-o', 'pid,args')).stdout.replace(/^ *\d+/gm, '<pid>'));
    await side.docker('unpause', 'frozen');
    await side.docker('exec', 'frozen', 'echo', 'thawed');
    await side.docker('pause', 'frozen');
    await side.docker('stop', '--time', '1', 'frozen');
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'frozen');
    await side.docker('rm', '--force', 'frozen');
  });

  same('update: memory, processors, processes', async (side) => {
    await side.docker('run', '-d', '--name', 'grown', '--memory', '64m', '--pids-limit', '50', 'busybox', 'sleep', '1000');
    const limits = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu/cpu.shares';
    await side.docker('exec', 'grown', 'sh', '-c', limits);
    await side.docker('update', '--memory', '96m', '--memory-swap', '-1', '--cpu-shares', '300', '--pids-limit', '60', 'grown');
    await side.docker('exec', 'grown', 'sh', '-c', limits);
    await side.docker('inspect', '--format', '{{.HostConfig.Memory}} {{.HostConfig.CpuShares}}', 'grown');
    await side.docker('update', '--cpus', '0.5', 'grown');
    await side.docker('exec', 'grown', 'sh', '-c', 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us');
    await side.docker('update', '--cpuset-cpus', '99', 'grown');
    await side.docker('kill', 'grown');
    await side.docker('update', '--memory', '32m', 'grown');
    await side.docker('rm', 'grown');
  });

  same('top and stats', async (side) => {
    await side.docker('run', '-d', '--name', 'seen', '--memory', '64m', 'busybox', 'sh', '-c', 'sleep 1001 & sleep 1002; wait');
    await until('both processes', async () => (await side.quietly({}, 'top', 'seen', '-o', 'pid,args')).stdout, (said) => said.includes('1002'));
    await side.docker('exec', '-d', 'seen', 'sleep', '1003');
    await until('the exec', async () => (await side.quietly({}, 'top', 'seen', '-o', 'pid,args')).stdout, (said) => said.includes('1003'));
    const { stdout } = await side.quietly({}, 'top', 'seen', '-o', 'pid,args');
    side.note(stdout.replace(/^ *\d+/gm, '<pid>').split('\n').sort().join('\n'));
    const stats = await side.quietly({}, 'stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}} {{.PIDs}}', 'seen');
    expect(stats.stdout).toMatch(/^seen [\d.]+[KM]iB \/ 64MiB 4\n$/);
    await side.docker('kill', 'seen');
    await side.docker('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}} {{.PIDs}}', 'seen');
    await side.docker('top', 'seen');
    await side.docker('rm', 'seen');
  });

  same('events', async (side) => {
    const events = side.dockerd.beside('events', '--filter', 'container=told', '--format', '{{.Action}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.signal}}');
    // Those of the time before it listens are told too.
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await side.docker('run', '-d', '--name', 'told', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done');
    await side.untilLogs('told', (logs) => logs.includes('ready'));
    await side.docker('exec', 'told', 'sh', '-c', 'exit 4');
    await side.docker('pause', 'told');
    await side.docker('unpause', 'told');
    await side.docker('stop', 'told');
    await side.docker('start', 'told');
    await side.docker('rm', '--force', 'told');
    await events.until((said) => said.includes('destroy'), 'the last event');
    events.kill();
    const { stdout } = await side.quietly({}, 'events', '--since', since, '--until', String(Math.ceil(Date.now() / 1000)), '--filter', 'container=told', '--filter', 'type=container', '--format', '{{.Action}} {{.Actor.Attributes.exitCode}}');
    side.note(stdout.replaceAll('<no value>', '-'));
  });

  same('out of memory: of the container, of one of its processes', async (side) => {
    const hungry = 'x=0123456789abcdef; while :; do x=$x$x; done';
    expect((await side.docker('run', '--name', 'hungry', '--memory', '16m', '--memory-swap', '16m', 'busybox', 'sh', '-c', hungry)).code).toBe(137);
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}', 'hungry');
    expect(await side.inspect('hungry', '{{.State.OOMKilled}}')).toBe('true');
    await side.docker('run', '--name', 'parent', '--memory', '16m', '--memory-swap', '16m', 'busybox', 'sh', '-c', `sh -c '${hungry}'; echo "child: $?"; exit 6`);
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}', 'parent');
    // Afterwards dockerd keeps the flag, whatever ends the container.
    await side.docker('run', '-d', '--name', 'fed', '--memory', '16m', '--memory-swap', '16m', 'busybox', 'sleep', '1000');
    await side.docker('exec', 'fed', 'sh', '-c', hungry);
    await side.docker('kill', 'fed');
    await side.untilStatus('fed', 'exited');
    await side.docker('inspect', '--format', '{{.State.OOMKilled}}', 'fed');
    await side.docker('start', 'fed');
    await side.docker('inspect', '--format', '{{.State.OOMKilled}}', 'fed');
    await side.docker('rm', '--force', 'hungry', 'parent', 'fed');
  });

  same('health checks', async (side) => {
    await side.docker('run', '-d', '--name', 'checked', '--health-cmd', 'test ! -e /tmp/ill || { echo ill; exit 1; }', '--health-interval', '300ms', '--health-retries', '2', 'busybox', 'sleep', '1000');
    await side.untilInspect('checked', '{{.State.Health.Status}}', (seen) => seen === 'healthy');
    await side.docker('exec', 'checked', 'touch', '/tmp/ill');
    await side.untilInspect('checked', '{{.State.Health.Status}}', (seen) => seen === 'unhealthy');
    // It keeps five, and checks go on.
    const log = '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}},{{end}}';
    side.note((await side.inspect('checked', log)).replaceAll('\n', '').split(',').at(-2) ?? 'none');
    await side.docker('exec', 'checked', 'rm', '/tmp/ill');
    await side.untilInspect('checked', '{{.State.Health.Status}}', (seen) => seen === 'healthy');
    await side.docker('rm', '--force', 'checked');
    await side.docker('run', '-d', '--name', 'slow', '--health-cmd', 'sleep 1000', '--health-interval', '300ms', '--health-timeout', '300ms', '--health-retries', '1', 'busybox', 'sleep', '1000');
    await side.untilInspect('slow', '{{.State.Health.Status}}', (seen) => seen === 'unhealthy');
    await side.docker('inspect', '--format', '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}', 'slow');
    await side.docker('rm', '--force', 'slow');
  });

  same('all that is left of execs: the containers hold no processes of theirs', async (side) => {
    await side.docker('run', '-d', '--name', 'many', 'busybox', 'sleep', '1000');
    const execs = await Promise.all(Array.from({ length: 20 }, (_, index) => side.quietly({}, 'exec', 'many', 'sh', '-c', `echo ${String(index)}; exit ${String(index)}`)));
    expect(execs.map(({ stdout, code }) => `${stdout.trim()} ${String(code)}`)).toEqual(Array.from({ length: 20 }, (_, index) => `${String(index)} ${String(index)}`));
    await side.untilInspect('many', '{{len .ExecIDs}}', (seen) => seen === '0');
    side.note((await side.quietly({}, 'top', 'many', '-o', 'pid,args')).stdout.replace(/^ *\d+/gm, '<pid>'));
    await side.docker('rm', '--force', 'many');
  });
});
