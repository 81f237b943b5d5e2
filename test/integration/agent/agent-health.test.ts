import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { untilExists } from '../../support/files';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { clockEnvironment, setClock } from '../../support/wall-clock';

const often = ['interval = 0.1', 'start_interval = 0.1'];
const soonAgain = ['initial = 0.1', 'max = 0.1'];

const waitFor = (path: string): string => `while ! test -e ${path}; do sleep 0.05; done`;

describeOnHost('health checks', realContainers, () => {
  const shared = new SharedAgent();
  let agent: AgentHost;
  let gate: string;
  beforeEach(async () => {
    agent = await shared.take();
    gate = agent.host.own('gate');
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('one is RUNNING once its command says so, in its cgroup, and others wait for that', async () => {
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'ready = "health"'], { health: [`exec = ["sh", "-c", "grep -q ${agent.name('db')} /proc/self/cgroup && test -e ${gate}"]`, ...often, 'retries = 1', 'start_period = "1h"'], restart: soonAgain });
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0', `depends_on = { ${agent.name('db')} = "healthy" }`]);
    await agent.takeUp();
    // Its process is there before that is written down.
    await agent.until('db', 'its wait', ({ state, pid, reason }) => state === State.STARTING && pid !== 0 && reason === 'waiting until it is ready');
    expect((await agent.look('web')).pid).toBe(0);
    writeFileSync(gate, '');
    await agent.untilState('db', State.RUNNING);
    await agent.untilState('web', State.RUNNING);
    expect((await agent.look('db')).managed?.health).toBe('healthy');
    expect((await agent.look('web')).managed?.health).toBe('');
  });

  test('failures in a row end it, and its next start comes after a pause', async () => {
    writeFileSync(gate, '');
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'startsecs = 0'], { health: [`exec = ["test", "-e", "${gate}"]`, ...often, 'retries = 2'], restart: ['initial = 1.5', 'max = 1.5', 'jitter = 0'] });
    await agent.takeUp();
    await agent.untilState('db', State.RUNNING);
    rmSync(gate);
    const { reason } = await agent.untilState('db', State.BACKOFF);
    expect(reason).toMatch(/^unhealthy: the check ended with status 1, next start in/);
    writeFileSync(gate, '');
    await agent.untilState('db', State.RUNNING);
    await agent.untilStarted('db', 2);
  });

  test('a check that hangs is ended with its time, or with the daemon that has died; what has failed before counts on', async () => {
    const pids = agent.host.own('checks');
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'startsecs = 0'], { health: [`exec = ["sh", "-c", "echo $$ >> ${pids}; exec sleep 1000"]`, ...often, 'timeout = 0.3', 'retries = 1000'] });
    await agent.takeUp();
    const failed = await agent.until('db', 'failed checks', (container) => failuresOf(container) >= 2);
    expect(failed.reason).toMatch(/^\d+ failed checks: no answer within 0.3 s$/);
    await agent.host.stopDaemon('SIGKILL');
    const before = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    await agent.startDaemon();
    expect(failuresOf(await agent.look('db'))).toBeGreaterThanOrEqual(failuresOf(failed));
    for (const pid of before) await waitForExit(pid);
    expect((await agent.look('db')).processes.length).toBeLessThanOrEqual(2);
    await agent.untilStarted('db', 1);
  });

  test('http: the status and the body, tcp: the port; what is only watched runs on', async () => {
    let [status, body] = [503, ''];
    const server = await listening(createServer((_, answer) => { answer.writeHead(status).end(body); }));
    const { port } = server.address() as AddressInfo;
    try {
      const watched = [...often, 'retries = 1', 'on_failure = "none"'];
      agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0'], { health: [`http = "http://localhost:${String(port)}/healthz"`, 'expect_status = "200-204"', 'expect_body = "all well"', ...watched] });
      agent.define('port', [agent.script('port', 'exec sleep 1000'), 'startsecs = 0'], { health: [`tcp = "127.0.0.1:${String(port)}"`, ...watched] });
      agent.define('late', [agent.script('late', 'exec sleep 1000'), 'startsecs = 0', 'autostart = false'], { health: [`http = "http://localhost:${String(port)}/healthz"`, ...watched] });
      await agent.takeUp();
      await agent.until('web', 'its status', ({ reason }) => reason.endsWith('status 503') && reason.startsWith('unhealthy: http://localhost:'));
      status = 200;
      body = 'not so well';
      await agent.until('web', 'its body', ({ reason }) => reason.startsWith('unhealthy: http://localhost:') && reason.endsWith('"all well" is not in what it answers'));
      body = 'all well, thank you';
      await agent.until('web', 'its health', ({ reason }) => reason === '');
      expect((await agent.look('port')).reason).toBe('');
    } finally {
      await closed(server);
    }
    await agent.until('port', 'its refusal', ({ reason }) => /^unhealthy: tcp 127\.0\.0\.1:\d+: connection refused$/.test(reason));
    // One whose check was under way has been reset; the next one is refused.
    await agent.until('web', 'its failure', ({ reason }) => /^unhealthy: http:\/\/localhost:.*: connection refused$/.test(reason));
    // A name with two addresses: both refuse.
    await agent.ask('start', 'late');
    await agent.until('late', 'its refusal', ({ reason }) => /^unhealthy: http:\/\/localhost:.*: connection refused$/.test(reason));
    for (const name of ['web', 'port']) {
      await agent.untilStarted(name, 1);
      expect((await agent.look(name)).state).toBe(State.RUNNING);
    }
  });

  const report = (message: string): string => `perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0); send(S, "${message}", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or exit 1'`;

  test('notify: RUNNING once it reports, also to the next daemon, and not well once it is silent', async () => {
    writeFileSync(agent.host.own('db.sh'), [waitFor(gate), report('STATUS=up\\nREADY=1'), `until ${report('WATCHDOG=1')} && test -e ${gate}.silent; do sleep 0.05; done`, 'exec sleep 1000', ''].join('\n'));
    agent.define('db', [agent.script('db', `. ${agent.host.own('db.sh')}`), 'ready = "notify"'], { health: ['notify = true', 'interval = 1.5', 'retries = 2'], restart: soonAgain });
    await agent.takeUp();
    await agent.until('db', 'its process', ({ state, pid }) => state === State.STARTING && pid !== 0);
    await agent.killDaemon();
    writeFileSync(gate, '');
    await agent.untilState('db', State.RUNNING);
    await agent.untilStarted('db', 1);
    writeFileSync(`${gate}.silent`, '');
    const { reason } = await agent.until('db', 'its unhealthy end', ({ state }) => state === State.BACKOFF || state === State.STARTING);
    expect(reason).toMatch(/^unhealthy: it has not said in time that it is alive|^$|^waiting until it is ready$/);
    await agent.until('db', 'its next start', () => agent.starts.length >= 2);
  });

  test('what it reports while there is no daemon is not lost, nor is it held up by that, and its silence counts on', async () => {
    // More than the queue of a socket holds (net.unix.max_dgram_qlen).
    const alive = report('WATCHDOG=1');
    writeFileSync(agent.host.own('db.sh'), [waitFor(gate), `i=0; while [ $i -lt 40 ]; do ${alive}; i=$((i + 1)); done`, report('READY=1'), `echo said > ${agent.host.own('said')}`, 'exec sleep 1000', ''].join('\n'));
    agent.define('db', [agent.script('db', `. ${agent.host.own('db.sh')}`), 'ready = "notify"'], { health: ['notify = true', 'interval = "1h"', 'on_failure = "none"'] });
    await agent.takeUp();
    await agent.until('db', 'its process', ({ state, pid }) => state === State.STARTING && pid !== 0);
    await agent.host.stopDaemon('SIGKILL');
    writeFileSync(gate, '');
    await untilExists(agent.host.own('said'));
    await agent.startDaemon();
    await agent.untilState('db', State.RUNNING);
    expect((await agent.look('db')).managed?.health).not.toBe('unhealthy');
    // What another daemon has heard is no new sign of life: with a shorter time it is over by now.
    agent.define('db', [agent.script('db', `. ${agent.host.own('db.sh')}`), 'ready = "notify"'], { health: ['notify = true', 'interval = "1ms"', 'retries = 1', 'on_failure = "none"'] });
    await new Ctl(agent.host).prints('update');
    await agent.killDaemon();
    await agent.until('db', 'its silence', ({ managed }) => managed?.health === 'unhealthy');
    await agent.untilStarted('db', 1);
  });

  test('log: RUNNING once a line matches, also one that came while there was no daemon, and of this run alone', async () => {
    agent.define('db', [agent.script('db', `${waitFor(gate)}; echo "listening on port 80"; exec sleep 1000`), 'ready = { log = "^listening on port \\\\d+$" }']);
    await agent.takeUp();
    await agent.until('db', 'its process', ({ state, pid }) => state === State.STARTING && pid !== 0);
    await agent.host.stopDaemon('SIGKILL');
    writeFileSync(gate, '');
    await agent.startDaemon();
    await agent.untilState('db', State.RUNNING);
    rmSync(gate);
    const again = agent.ask('restart', 'db');
    await agent.until('db', 'its second start', () => agent.starts.length === 2);
    expect((await agent.look('db')).state).toBe(State.STARTING);
    writeFileSync(gate, '');
    await again;
    await agent.untilState('db', State.RUNNING);
    expect(existsSync(gate)).toBe(true);
  });
});

describeOnHost('health checks, with a clock of their own', realContainers, () => {
  let agent: AgentHost;
  let gate: string;
  beforeEach(() => {
    agent = new AgentHost();
    gate = agent.host.own('gate');
  });
  afterEach(() => agent.cleanUp());

  test('log: also where somebody has set the clock back since the run before, and while the daemon was away', async () => {
    agent.define('db', [agent.script('db', `${waitFor(gate)}; echo "listening on port 80"; exec sleep 1000`), 'ready = { log = "^listening" }']);
    writeFileSync(gate, '');
    const environment = clockEnvironment(agent.host);
    await agent.startDaemon(environment);
    await agent.untilState('db', State.RUNNING);
    await agent.ask('stop', 'db');
    rmSync(gate);
    setClock(agent.host, -3_600_000);
    const again = agent.ask('start', 'db').catch(() => undefined);
    await agent.until('db', 'its second start', () => agent.starts.length === 2);
    await agent.host.stopDaemon('SIGKILL');
    await again;
    setClock(agent.host, -7_200_000);
    writeFileSync(gate, '');
    await agent.startDaemon(environment);
    await agent.untilState('db', State.RUNNING);
  });
});

function failuresOf({ reason }: { readonly reason: string }): number {
  return Number(/^(\d+) failed/.exec(reason)?.[1] ?? 0);
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
}
