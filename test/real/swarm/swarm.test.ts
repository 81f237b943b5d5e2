import { chosenBackends, describeReal } from '../support/side-by-side';
import { until } from '../../support/until';
import { Swarm } from './swarm';

describeReal('a swarm of three hosts', () => {
  let swarm: Swarm;
  const replicas = 12;

  beforeAll(async () => {
    // Not side by side: six dockerds are no fair machine for either.
    swarm = await Swarm.open(chosenBackends().at(-1) ?? 'holdfast');
  });
  afterAll(async () => {
    await swarm.close();
  });

  test('a service of twelve replicas, four on each host', async () => {
    await swarm.createService('web', replicas, '1');
    for (const host of swarm.hosts) await host.untilRunning(4);
  });

  test('the containerd of a host killed and started: no task is lost or doubled', async () => {
    const [before, tasks] = [await swarm.host(2).running(), await swarm.untilRunning('web', replicas)];
    await swarm.host(2).backend.kill();
    await swarm.host(2).backend.start();
    expect(await swarm.host(2).running()).toEqual(before);
    expect(await swarm.untilRunning('web', replicas)).toEqual(tasks);
    // One that ends while nobody serves is replaced, once.
    const [[id, pid] = ['', '']] = before;
    await swarm.host(2).backend.kill();
    process.kill(Number(pid), 'SIGKILL');
    await swarm.host(2).backend.start();
    await until('another in its place', async () => [...(await swarm.host(2).running()).keys()], (ids) => ids.length === 4 && !ids.includes(id), 60_000);
    const now = await swarm.untilRunning('web', replicas);
    expect(now.filter((task) => !tasks.some((other) => other.id === task.id))).toHaveLength(1);
  });

  test('a host cut off: its replicas move; it comes back, and has none too many', async () => {
    await swarm.cutOff(3);
    await swarm.untilNode(swarm.host(3), 'Down');
    await swarm.untilRunning('web', replicas, (tasks) => tasks.every((task) => task.node !== 'host-3'));
    // It cannot know, and goes on.
    expect((await swarm.host(3).running()).size).toBe(4);
    await swarm.reconnect(3);
    await swarm.untilNode(swarm.host(3), 'Ready');
    await swarm.host(3).untilRunning(0);
    await swarm.untilRunning('web', replicas);
    expect((await swarm.host(1).running()).size + (await swarm.host(2).running()).size).toBe(replicas);
  });

  test('a rolling update: every replica is replaced, two at a time', async () => {
    const before = await swarm.untilRunning('web', replicas);
    await swarm.manager.docker('service', 'update', '--env-add', 'VERSION=2', '--update-parallelism', '2', '--update-delay', '0s', '--no-resolve-image', '--detach', 'web');
    await until('the end of the update', () => swarm.manager.docker('service', 'inspect', '--format', '{{.UpdateStatus.State}}', 'web'), (state) => state === 'completed\n', 120_000);
    const after = await swarm.untilRunning('web', replicas);
    expect(after.filter((task) => before.some((other) => other.id === task.id))).toEqual([]);
    const environments = await Promise.all(
      swarm.hosts.map(async (host) => {
        const ids = [...(await host.running()).keys()];
        return ids.length === 0 ? [] : (await host.docker('inspect', '--format', '{{range .Config.Env}}{{println .}}{{end}}', ...ids)).match(/VERSION=\d/g) ?? [];
      }),
    );
    expect(environments.flat()).toEqual(Array.from({ length: replicas }, () => 'VERSION=2'));
  });

  test('the service removed: nothing runs', async () => {
    await swarm.manager.docker('service', 'rm', 'web');
    for (const host of swarm.hosts) await host.untilRunning(0);
  });
});
