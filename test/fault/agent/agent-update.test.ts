import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';

import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { DefinitionsService } from '../../../src/api/gen/holdfast/v1/definitions';
import type { FaultPoint } from '../../../src/sys/fault-points';
import type { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { makeFifo } from '../../support/fifo';
import { untilCaught, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

const at = (point: FaultPoint, ...times: readonly number[]): string[] => times.map((nth) => `${point}=kill:${String(nth)}`);

/** The update has four programs to change. */
const faults: readonly string[] = [
  ...at('daemon.update.before-write', 1, 3),
  ...at('daemon.update.written', 1, 2, 3),
  ...at('daemon.update.removed', 1),
  ...at('daemon.update.restarted', 2, 3),
  ...at('daemon.update.taken', 1, 3, 4),
];

describeOnHost('an update whose daemon is killed', realContainers, () => {
  const shared = new SharedAgent(faults);
  let agent: AgentHost;
  beforeEach(async () => {
    agent = await shared.take();
    makeFifo(agent.host.own('never'));
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** It says which definition it is of, and would tell of a second copy. */
  const define = (name: string, version: string, limits: readonly string[] = []): void => {
    const script = [
      `exec 9>${agent.host.own(`lock-${name}`)}`,
      `flock -n 9 || { echo "${name} doubled" >> ${agent.host.own('starts')}; exit 99; }`,
      `echo "${name} ${version} $HOLDFAST_GENERATION" >> ${agent.host.own('starts')}`,
      'trap "exit 0" TERM',
      `exec 8<>${agent.host.own('never')}; while :; do read -r -u 8; done`,
    ].join('\n');
    agent.define(name, [`command = ["bash", "-c", '''${script}''']`, 'startsecs = 0'], { limits, restart: ['initial = 0.1'] });
  };

  test.each(faults)('at %s is carried out once, as a whole', async (fault) => {
    for (const name of ['gone', 'changed', 'live']) define(name, 'old', ['pids = 50']);
    await agent.takeUp();
    for (const name of ['gone', 'changed', 'live']) await agent.untilStarted(`${name} old 1`, 1, name);
    const { pid } = await agent.look('live');
    rmSync(`${agent.host.own('programs')}/gone.toml`);
    define('changed', 'new', ['pids = 50']);
    define('live', 'old', ['pids = 60']);
    define('fresh', 'new');
    shared.faults.arm(fault);
    await agent.client.all(DefinitionsService.update, { names: [], dry_run: false }).catch(() => undefined);
    await within(agent.host.daemon.exited, 'the end of the daemon');
    expect(shared.faults.haveStruck).toBe(true);
    await agent.startAgain();
    // What was begun goes on by itself; what was not is begun now, and waits for the other.
    await agent.client.all(DefinitionsService.update, { names: [], dry_run: false });
    for (const name of ['changed', 'live', 'fresh']) await agent.untilState(name, State.RUNNING);
    await agent.untilStarted('changed new 2', 1, 'changed');
    await agent.untilStarted('fresh new 1', 1, 'fresh');
    expect([...agent.starts].sort()).toEqual(['changed new 2', 'changed old 1', 'fresh new 1', 'gone old 1', 'live old 1']);
    const { containers } = await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false });
    expect(containers.map(({ name }) => name)).toEqual(['changed', 'fresh', 'live'].map((name) => agent.name(name)));
    expect((await agent.look('live')).pid).toBe(pid);
    const [stats] = await agent.client.all(ContainersService.stats, { names: [agent.name('live')], interval_ms: 0, once: true, with_list: false });
    expect(stats?.containers[0]?.pids_limit).toBe(60n);
    expect(readFileSync(agent.host.own('starts'), 'utf8')).not.toContain('doubled');
  });

  test('while a program that goes is ending forgets it at the next start, also where it has ended meanwhile', async () => {
    const { host } = agent;
    makeFifo(host.own('go'));
    // It hears the signal, and ends when the test says so.
    agent.define('gone', [`command = ["bash", "-c", '''trap "read < ${host.own('go')}; exit 0" TERM; exec 8<>${host.own('never')}; while :; do read -r -u 8; done''']`, 'startsecs = 0', 'stopwaitsecs = 100']);
    await agent.takeUp();
    const { pid } = await agent.untilState('gone', State.RUNNING);
    await untilCaught(pid, constants.signals.SIGTERM);
    rmSync(`${host.own('programs')}/gone.toml`);
    const cutOff = agent.client.all(DefinitionsService.update, { names: [], dry_run: false }).catch(() => undefined);
    await agent.untilState('gone', State.STOPPING);
    await host.stopDaemon('SIGKILL');
    await cutOff;
    writeFileSync(host.own('go'), '\n');
    await waitForExit(pid);
    await agent.startAgain();
    const names = async (): Promise<readonly string[]> => (await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers.map(({ name }) => name);
    const forgotten = async (): Promise<void> => {
      await until('all to go', names, (all) => all.length === 0);
    };
    await within(forgotten(), 'nothing of it', undefined, () => agent.host.daemon.log());
    // And nobody waits for it: the name is free.
    agent.define('gone', ['command = ["sleep", "1000"]', 'startsecs = 0']);
    await agent.client.all(DefinitionsService.update, { names: [], dry_run: false });
    await agent.untilState('gone', State.RUNNING);
  });
});
