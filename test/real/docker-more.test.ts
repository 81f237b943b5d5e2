import { writeFileSync } from 'node:fs';

import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

/** Tells its signals, and says first that it can. */
const telling = 'trap "echo term; exit 5" TERM; trap "echo int; exit 6" INT; echo ready; while :; do sleep 0.1; done';

describeReal('docker: files, attaching, shared namespaces, logs, clearing up', () => {
  const sides = new SideBySide((name) => new DockerSide(name));
  const same = sides.same.bind(sides);

  same('cp into and out of what runs and what is paused, export, commit of what runs', async (side) => {
    const [here, back] = [side.place.path('here'), side.place.path('back')];
    writeFileSync(here, 'from here\n');
    await side.docker('run', '-d', '--name', 'box', 'busybox', 'sleep', '1000');
    await side.docker('cp', here, 'box:/tmp/in');
    await side.docker('exec', 'box', 'sh', '-c', 'cat /tmp/in; echo from there >/root/out');
    await side.docker('cp', 'box:/root/out', back);
    side.note((await side.quietly({}, 'exec', 'box', 'cat', '/root/out')).stdout);
    await side.docker('cp', 'box:/nonesuch', back);
    await side.docker('commit', 'box', 'kept');
    // dockerd pauses it meanwhile.
    await side.docker('inspect', '--format', '{{.State.Status}}', 'box');
    await side.docker('pause', 'box');
    await side.docker('cp', here, 'box:/tmp/again');
    await side.docker('commit', 'box', 'frozen');
    await side.docker('inspect', '--format', '{{.State.Status}}', 'box');
    await side.docker('unpause', 'box');
    await side.docker('run', '--rm', 'kept', 'cat', '/root/out');
    await side.docker('run', '--rm', 'frozen', 'cat', '/tmp/again');
    const archive = side.place.path('box.tar');
    await side.docker('export', '--output', archive, 'box');
    await side.quietly({}, 'import', archive, 'flat');
    await side.docker('run', '--rm', 'flat', 'cat', '/root/out');
    await side.docker('rm', '--force', 'box');
    await side.quietly({}, 'rmi', '--force', 'kept', 'frozen', 'flat');
  });

  same('run attached passes signals on; attach without input; keys of one’s own', async (side) => {
    const attached = side.dockerd.beside('run', '--rm', '--name', 'heard', 'busybox', 'sh', '-c', telling);
    await attached.until((said) => said.includes('ready'), 'the shell');
    attached.kill('SIGINT');
    const first = await attached.outcome();
    side.note(`${first.stdout}exit status ${String(first.code)}`);
    expect(first.code).toBe(6);

    await side.docker('run', '-d', '-i', '--name', 'quiet', 'busybox', 'sh', '-c', telling);
    await side.untilLogs('quiet', (logs) => logs.includes('ready'));
    const deaf = side.dockerd.beside('attach', '--no-stdin', '--sig-proxy=false', 'quiet');
    // What is attached is shown what comes from then on: another signal's word.
    await until('the client to be attached', async () => {
      await side.quietly({}, 'exec', 'quiet', 'sh', '-c', 'echo tick >/proc/1/fd/1');
      return deaf.stdout;
    }, (said) => said.includes('tick'));
    deaf.kill('SIGTERM');
    await deaf.ended;
    expect(await side.inspect('quiet', '{{.State.Status}}')).toBe('running');
    await side.docker('stop', 'quiet');
    await side.docker('inspect', '--format', '{{.State.ExitCode}}', 'quiet');
    await side.docker('rm', 'quiet');

    const terminal = side.dockerd.inTerminal('run', '-it', '--detach-keys', 'ctrl-x,q', '--name', 'left', 'busybox', 'sh');
    await terminal.until((said) => said.includes('/ #'), 'the prompt');
    terminal.write('\u0018q');
    expect((await terminal.outcome()).code).toBe(0);
    expect(await side.inspect('left', '{{.State.Status}}')).toBe('running');
    const exec = side.dockerd.inTerminal('exec', '-it', '--detach-keys', 'ctrl-x,q', 'left', 'sh');
    await exec.until((said) => said.includes('/ #'), 'the prompt');
    exec.write('\u0018q');
    await exec.outcome();
    await side.docker('rm', '--force', 'left');
  });

  same('the end of a client is the end of the input only where it was attached by the start', async (side) => {
    const asking = 'while read line; do echo "got $line"; done; echo end; exit 3';
    await side.docker('run', '-d', '-i', '--name', 'open', 'busybox', 'sh', '-c', asking);
    for (const word of ['one', 'two']) {
      const attached = side.dockerd.beside('attach', 'open');
      attached.write(`${word}\n`);
      await attached.until((said) => said.includes(`got ${word}`), 'an answer');
      attached.kill();
      await attached.ended;
    }
    await side.docker('inspect', '--format', '{{.State.Status}}', 'open');
    await side.docker('logs', 'open');
    await side.docker('kill', 'open');
    await side.docker('create', '-i', '--name', 'once', 'busybox', 'sh', '-c', asking);
    const attached = side.dockerd.beside('start', '--attach', '--interactive', 'once');
    attached.write('one\n');
    await attached.until((said) => said.includes('got one'), 'an answer');
    attached.kill();
    await side.docker('wait', 'once');
    await side.docker('logs', 'once');
    await side.docker('rm', '--force', 'open', 'once');
  });

  same('namespaces of another container, privileges, limits, an init, a container’s id in a file', async (side) => {
    await side.docker('run', '-d', '--name', 'first', '--ipc', 'shareable', 'busybox', 'sleep', '1001');
    await side.docker('run', '--rm', '--pid', 'container:first', 'busybox', 'sh', '-c', 'tr "\\0" " " </proc/1/cmdline');
    await side.docker('run', '--rm', '--ipc', 'container:first', '--network', 'container:first', 'busybox', 'sh', '-c', 'hostname');
    await side.docker('run', '-d', '--name', 'second', '--pid', 'container:first', 'busybox', 'sleep', '1002');
    await side.docker('exec', 'second', 'sh', '-c', 'ps -o args | grep -c "sleep 100[12]"');
    // The first one's end is that of all in its pid namespace.
    await side.docker('kill', 'first');
    await side.docker('wait', 'second');
    await side.docker('start', 'second');
    await side.docker('rm', '--force', 'first', 'second');
    await side.docker('run', '--rm', '--privileged', 'busybox', 'sh', '-c', 'grep CapEff /proc/self/status; test -e /dev/mem && echo all devices');
    await side.docker('run', '--rm', '--security-opt', 'seccomp=unconfined', 'busybox', 'grep', 'Seccomp:', '/proc/self/status');
    await side.docker('run', '--rm', '--ulimit', 'core=0:0', '--ulimit', 'nproc=77', 'busybox', 'sh', '-c', 'ulimit -c; ulimit -Hc; ulimit -u');
    await side.docker('run', '--rm', '--shm-size', '8m', '--memory', '32m', '--cpus', '0.5', 'busybox', 'sh', '-c', 'df -k /dev/shm | tail -1 | cut -c1-40');
    const file = side.place.path('id');
    await side.docker('run', '-d', '--init', '--cidfile', file, '--name', 'reaped', 'busybox', 'sh', '-c', 'sleep 0.01 & exec sleep 1000');
    await side.docker('exec', '--privileged', 'reaped', 'grep', 'CapEff', '/proc/self/status');
    await side.docker('run', '--rm', '--name', 'reaped', 'busybox', 'true');
    await side.docker('rm', 'reaped');
    await side.docker('rm', '--force', 'reaped');
    await side.docker('run', '--rm', '--device', '/dev/nonesuch', 'busybox', 'true');
    await side.docker('run', '--rm', '--volume', '/nonesuch/here:/x', '--read-only', 'busybox', 'ls', '-d', '/x');
    await side.docker('run', '--rm', '--mount', 'type=bind,src=/nonesuch/there,dst=/x', 'busybox', 'true');
  });

  same('log drivers', async (side) => {
    for (const driver of [['none'], ['local'], ['json-file', '--log-opt', 'max-size=1k', '--log-opt', 'max-file=2']]) {
      await side.docker('run', '--name', 'logged', '--log-driver', ...driver, 'busybox', 'seq', '1', '100');
      side.note(JSON.stringify((await side.quietly({}, 'logs', '--tail', '2', 'logged')).stdout));
      await side.docker('rm', 'logged');
    }
    await side.docker('run', '--rm', '--log-driver', 'nonesuch', 'busybox', 'true');
  });

  same('update of the restart policy, wait for several, df, prune', async (side) => {
    await side.docker('run', '-d', '--name', 'lasting', 'busybox', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.1; done; rm /tmp/go; exit 2');
    await side.docker('update', '--restart', 'on-failure:5', 'lasting');
    await side.docker('exec', 'lasting', 'touch', '/tmp/go');
    await side.untilInspect('lasting', '{{.State.Status}} {{.RestartCount}}', (seen) => seen === 'running 1');
    await side.docker('run', '-d', '--name', 'brief', 'busybox', 'sh', '-c', 'exit 4');
    const waiting = side.dockerd.beside('wait', 'brief', 'lasting');
    await side.docker('stop', '--time', '0', 'lasting');
    side.note((await waiting.outcome()).stdout);
    await side.docker('volume', 'create', 'unused');
    await side.docker('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
    await side.docker('system', 'prune', '--force', '--volumes');
    await side.docker('ps', '--all', '--quiet');
  });

  same('a swarm of one: a service with a secret, scaled, updated, removed', async (side) => {
    await side.quietly({}, 'swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1');
    await side.quietly({ stdin: 'hidden' }, 'secret', 'create', 'word', '-');
    const script = 'echo "$(cat /run/secrets/word)"; trap "exit 0" TERM; while :; do sleep 0.1; done';
    const { code } = await side.quietly({}, 'service', 'create', '--detach', '--name', 'keeper', '--network', 'host', '--secret', 'word', '--stop-grace-period', '2s', 'busybox', 'sh', '-c', script);
    expect(code).toBe(0);
    const running = async (): Promise<string> => (await side.quietly({}, 'service', 'ls', '--format', '{{.Replicas}}')).stdout.trim();
    await until('one of it', running, (seen) => seen === '1/1', 40_000);
    await until('the secret', async () => (await side.quietly({}, 'service', 'logs', '--raw', 'keeper')).stdout, (said) => said.includes('hidden'));
    await side.quietly({}, 'service', 'scale', '--detach', 'keeper=3');
    await until('three of it', running, (seen) => seen === '3/3', 40_000);
    await side.quietly({}, 'service', 'rm', 'keeper');
    await until('none of it', async () => (await side.quietly({}, 'ps', '--quiet')).stdout, (ids) => ids === '', 40_000);
    await side.docker('secret', 'rm', 'word');
    await side.docker('swarm', 'leave', '--force');
    await side.docker('container', 'prune', '--force', '--filter', 'until=1h');
  });
});
