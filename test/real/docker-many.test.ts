import { mkdirSync, writeFileSync } from 'node:fs';

import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

const compose = `version: "3.7"
services:
  web:
    image: busybox
    command: sh -c 'mkdir /www; echo page >/www/x; exec httpd -f -h /www'
    stop_signal: SIGKILL
  asking:
    image: busybox
    command: sh -c 'until wget -qO- http://web/x; do sleep 0.1; done; exit 3'
    depends_on: [web]
  worker:
    image: busybox
    command: sh -c 'trap "exit 0" TERM; echo working; while :; do sleep 0.1; done'
    volumes: ["kept:/kept"]
    restart: always
volumes:
  kept:
`;

describeReal('docker: compose, and a hundred containers', () => {
  const sides = new SideBySide((name) => new DockerSide(name));
  const same = sides.same.bind(sides);

  same('docker-compose up, scale, exec, logs, stop, start, down', async (side) => {
    const directory = side.place.path('compose');
    mkdirSync(directory);
    writeFileSync(`${directory}/docker-compose.yml`, compose);
    const composed = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr, code } = await side.dockerd.compose(directory, ...args);
      side.note(`$ docker-compose ${args.join(' ')}`);
      // Its own progress comes in any order, with dots in a column that is there by then.
      side.note(`${stdout}${stderr}`.replace(/ +\.\.\./g, ' ...').split('\n').sort().join('\n'));
      side.note(`exit status ${String(code)}`);
      expect(code).toBe(0);
      return stdout;
    };
    await composed('up', '--detach');
    expect((await side.quietly({}, 'wait', 'project_asking_1')).stdout).toBe('3\n');
    expect((await side.dockerd.compose(directory, 'logs', 'asking')).stdout).toContain('page');
    await composed('up', '--detach', '--scale', 'worker=3');
    expect((await side.quietly({}, 'ps', '--quiet', '--filter', 'name=worker')).stdout.trim().split('\n')).toHaveLength(3);
    expect(await composed('exec', '-T', 'worker', 'echo', 'inside')).toBe('inside\n');
    await composed('stop', 'worker');
    await composed('start', 'worker');
    await composed('restart', '--timeout', '5', 'worker');
    await composed('pause', 'worker');
    await composed('unpause', 'worker');
    await composed('down', '--volumes', '--timeout', '5');
    await side.docker('ps', '--all', '--quiet');
    await side.docker('network', 'ls', '--filter', 'name=project', '--quiet');
  });

  sides.alone('a hundred containers: started, seen, each its own end', async (side) => {
    const names = Array.from({ length: 100 }, (_, index) => `c-${String(index)}`);
    await four(names, async (name) => {
      const { code, stderr } = await side.quietly({}, 'run', '-d', '--network', 'none', '--name', name, 'busybox', 'sh', '-c', `trap "exit ${name.slice(2)}" TERM; while :; do sleep 1; done`);
      expect(`${name} ${String(code)} ${stderr}`).toBe(`${name} 0 `);
    });
    expect((await side.quietly({}, 'ps', '--quiet')).stdout.trim().split('\n')).toHaveLength(100);
    await side.backend.kill();
    await side.startBackend();
    await four(names.filter((_, index) => index % 10 === 0), async (name) => {
      expect((await side.quietly({}, 'exec', name, 'echo', name)).stdout).toBe(`${name}\n`);
    });
    // One command for all: they end side by side.
    const { code } = await side.quietly({ deadlineMs: 120_000 }, 'kill', '--signal', 'TERM', ...names);
    expect(code).toBe(0);
    const format = '{{.Name}} {{.State.Status}} {{.State.ExitCode}}';
    const wanted = names.map((name) => `/${name} exited ${name.slice(2)}\n`).join('');
    await until('a hundred ends', async () => (await side.quietly({}, 'inspect', '--format', format, ...names)).stdout, (said) => said === wanted, 60_000);
    expect((await side.quietly({ deadlineMs: 120_000 }, 'rm', ...names)).code).toBe(0);
    await side.docker('ps', '--all', '--quiet');
  });
});

/** Four at a time: as many dockers as keep two processors busy. */
async function four(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
    }),
  );
}
