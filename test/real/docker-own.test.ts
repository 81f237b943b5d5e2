import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { processOf, waitForExit } from '../support/processes';
import { Dockerd } from './support/dockerd';
import { importImage } from './support/image';
import { NetworkNamespace } from './support/network-namespace';
import { Place } from './support/place';
import { chosenBackends, describeReal } from './support/side-by-side';
import { until } from '../support/until';

/** dockerd without `--containerd`: it starts the `containerd` that it finds on its PATH, with a file that it writes. */
const programs = { debian: '/usr/bin/containerd', holdfast: join(binDirectory, 'holdfastd') };

// Nothing is compared here: on Debian's with REAL_BACKENDS=debian.
for (const name of chosenBackends().slice(-1)) {
  describeReal(`docker with a containerd that it starts by itself: ${name}'s`, () => {
    const place = new Place();
    let dockerd: Dockerd;
    const run = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr, code } = await dockerd.run({}, ...args);
      return `${stdout}${stderr}${code === 0 ? '' : `exit status ${String(code)}\n`}`;
    };
    const containerdPid = (): number => Number(readFileSync(join(dockerd.directory, 'exec', 'containerd', 'containerd.pid'), 'utf8'));

    beforeAll(async () => {
      mkdirSync(place.path('bin'));
      symlinkSync(programs[name], place.path('bin', 'containerd'));
      const network = await NetworkNamespace.open();
      place.atEnd(() => network.close());
      dockerd = new Dockerd(place, network, { path: place.path('bin'), config: { 'live-restore': true } });
      place.atEnd(() => dockerd.stop());
      place.atEnd(() => dockerd.run({}, 'rm', '--force', 'lasting'));
      await dockerd.start();
      await importImage(dockerd);
    });
    afterAll(() => place.cleanUp());

    test('it runs containers', async () => {
      expect(processOf(containerdPid())?.commandLine).toContain(`--config ${dockerd.directory}/exec/containerd/containerd.toml`);
      expect(await run('run', '--rm', 'busybox', 'sh', '-c', 'echo out; exit 3')).toBe('out\nexit status 3\n');
    });

    test('killed, it is started anew, and the containers run on', async () => {
      await run('run', '-d', '--name', 'lasting', 'busybox', 'sh', '-c', 'trap "exit 6" TERM; echo ready; while :; do sleep 0.1; done');
      await until('the shell', () => run('logs', 'lasting'), (logs) => logs.includes('ready'));
      const before = containerdPid();
      process.kill(before, 'SIGKILL');
      await until('another containerd', containerdPid, (pid) => pid !== before);
      await until('an exec', () => run('exec', 'lasting', 'echo', 'inside'), (said) => said === 'inside\n');
    });

    test('it goes with dockerd, and comes with it; the containers run on', async () => {
      const [before, pid] = [containerdPid(), await run('inspect', '--format', '{{.State.Pid}}', 'lasting')];
      await dockerd.stop();
      await waitForExit(before);
      await dockerd.start();
      expect(await run('inspect', '--format', '{{.State.Status}} {{.State.Pid}}', 'lasting')).toBe(`running ${pid}`);
      expect(await run('exec', 'lasting', 'echo', 'inside')).toBe('inside\n');
      await run('stop', 'lasting');
      expect(await run('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'lasting')).toBe('exited 6\n');
    });

    test('dockerd killed: its containerd goes along, and both come back to containers that run', async () => {
      await run('start', 'lasting');
      const [before, pid] = [containerdPid(), await run('inspect', '--format', '{{.State.Pid}}', 'lasting')];
      await dockerd.kill();
      // dockerd takes one that is not reaped yet for one that runs.
      await until('its containerd to be reaped', () => existsSync(`/proc/${String(before)}`), (isThere) => !isThere);
      await dockerd.start();
      expect(await run('inspect', '--format', '{{.State.Status}} {{.State.Pid}}', 'lasting')).toBe(`running ${pid}`);
      expect(await run('run', '--rm', 'busybox', 'echo', 'a new one')).toBe('a new one\n');
    });
  });
}
