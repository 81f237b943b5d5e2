// `make swarm`: three dockerds, each on its own Holdfast, one swarm on this machine, to watch.
import { parseArgs } from 'node:util';

import { until } from '../../support/until';
import { Swarm } from './swarm';

const usage = `usage: scripts/swarm [--backend holdfast|debian] [--keep]

  --backend <name>  whose containerd is under the dockerds; default: holdfast
  --keep            at the end, wait for Ctrl-C with the swarm up
`;

const replicas = 12;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { backend: { type: 'string', default: 'holdfast' }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help || (values.backend !== 'holdfast' && values.backend !== 'debian')) {
    process.stdout.write(usage);
    return;
  }
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { resolve('interrupted'); });
  });
  say('Three hosts on a switch, a dockerd and a containerd on each');
  const swarm = await Swarm.open(values.backend, show);
  try {
    // An interrupt ends the show between two steps, and what was made is taken away.
    await Promise.race([play(swarm), interrupted]);
    if (values.keep) {
      say('The swarm is up until Ctrl-C; the manager:');
      show(`docker -H unix://${swarm.manager.dockerd.socket} service ps web`);
      await interrupted;
    }
  } finally {
    say('All is taken away');
    await swarm.close();
  }
}

async function play(swarm: Swarm): Promise<void> {
  say(`A service of ${String(replicas)} replicas`);
  await swarm.createService('web', replicas, '1');
  await spread(swarm);

  say('The containerd of host-2 is killed (SIGKILL) and started');
  const before = await swarm.host(2).running();
  await swarm.host(2).backend.kill();
  await swarm.host(2).backend.start();
  const after = await swarm.host(2).running();
  show(`${String([...before].filter(([id, pid]) => after.get(id) === pid).length)} of ${String(before.size)} containers run on with the same pid`);
  await spread(swarm);

  say('host-3 loses its cable');
  await swarm.cutOff(3);
  await swarm.untilNode(swarm.host(3), 'Down');
  await swarm.untilRunning('web', replicas, (tasks) => tasks.every((task) => task.node !== 'host-3'));
  show('the manager has its replicas run elsewhere; host-3 cannot know:');
  await spread(swarm);

  say('host-3 is back');
  await swarm.reconnect(3);
  await swarm.untilNode(swarm.host(3), 'Ready');
  await swarm.host(3).untilRunning(0);
  await spread(swarm);

  say('A rolling update, two at a time');
  await swarm.manager.docker('service', 'update', '--env-add', 'VERSION=2', '--update-parallelism', '2', '--no-resolve-image', '--detach', 'web');
  await until('the update', () => swarm.manager.docker('service', 'inspect', '--format', '{{.UpdateStatus.State}}', 'web'), (state) => state === 'completed\n', 120_000);
  await spread(swarm);
}

async function spread(swarm: Swarm): Promise<void> {
  const counts = await Promise.all(swarm.hosts.map(async (host) => `${host.name} ${'#'.repeat((await host.running()).size)}`));
  for (const line of counts) show(line);
}

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

function show(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`swarm: ${String(error)}\n`);
  process.exitCode = 1;
});
