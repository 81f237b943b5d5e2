import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import type { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { buildRootfs } from '../../support/rootfs';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

/** sd_listen_fds(3): what a program is to find in its environment before it takes descriptor 3 for a socket. */
const server = (answer: string): string =>
  `perl -e '$ENV{LISTEN_PID} == $$ or die; open(S, "+<&=", 3) or die; while (accept(C, S)) { syswrite(C, "${answer}\\n"); close C }'`;

describeOnHost('sockets that a program is given', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  const shared = new SharedAgent();
  beforeEach(async () => {
    agent = await shared.take();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  test('whoever connects all the time is refused by no restart, nor by a kill of the program, the daemon, the shim, or both', async () => {
    const port = await freePort();
    agent.define('srv', [agent.script('srv', `exec ${server('hello')}`), 'startsecs = 0', `listen = { http = "tcp://127.0.0.1:${String(port)}" }`], { restart: ['initial = 0.2', 'max = 0.2'] });
    await agent.takeUp();
    await agent.untilState('srv', State.RUNNING);
    const client = new Client(port);
    await client.answered();
    await agent.ask('restart', 'srv');
    await client.answered();
    await agent.killDaemon();
    await client.answered();
    // Its successor is told of them by the shim: they are not the first daemon's.
    await agent.ask('restart', 'srv');
    await client.answered();
    process.kill(await shimOf(agent), 'SIGKILL');
    await agent.ask('restart', 'srv');
    await client.answered();
    // Now the program alone has them.
    const shim = await shimOf(agent);
    await agent.host.stopDaemon('SIGKILL');
    process.kill(shim, 'SIGKILL');
    await agent.startDaemon();
    await agent.ask('restart', 'srv');
    await client.answered();
    process.kill((await agent.look('srv')).pid, 'SIGKILL');
    await client.answered();
    expect(await client.close()).toBe(0);
    await agent.ask('stop', 'srv');
    // Who is answered may give its address to another one.
    expect(await connects(port)).toBe(false);
  });

  test('while one waits for its next start they are there again as soon as a daemon is, also where daemon and shim were killed at once', async () => {
    const [port, path, gate] = [await freePort(), agent.host.own('srv.sock'), agent.host.own('gate')];
    const listen = `listen = { http = "tcp://127.0.0.1:${String(port)}", own = "unix://${path}" }`;
    agent.define('srv', [`command = ["sh", "-c", '''test -e ${gate} || exit 1; exec ${server('hello')}''']`, 'startsecs = 0', listen], { restart: ['initial = "1h"', 'max = "1h"'] });
    agent.define('other', ['command = "sleep 1000"', 'startsecs = 0']);
    await agent.takeUp();
    await agent.untilState('srv', State.BACKOFF);
    await agent.untilState('other', State.RUNNING);
    const shim = await shimOf(agent, 'other');
    await agent.host.stopDaemon('SIGKILL');
    process.kill(shim, 'SIGKILL');
    await waitForExit(shim);
    expect(await connects(port)).toBe(false);
    await agent.startDaemon();
    await agent.untilState('srv', State.BACKOFF);
    expect(await connects(port)).toBe(true);
    const client = new Client(port);
    writeFileSync(gate, '');
    await agent.ask('start', 'srv');
    await client.answered();
    expect(await client.close()).toBe(0);
    expect(statSync(path).isSocket()).toBe(true);
  });

  test('what goes with an update leaves its address to what comes with it', async () => {
    const listen = `listen = { http = "tcp://127.0.0.1:${String(await freePort())}" }`;
    agent.define('old', ['command = "sleep 1000"', 'startsecs = 0', listen]);
    await agent.takeUp();
    await agent.untilState('old', State.RUNNING);
    rmSync(agent.host.own('programs/old.toml'));
    agent.define('new', ['command = "sleep 1000"', 'startsecs = 0', listen]);
    await ctl.says('update');
    const { managed } = await agent.untilState('new', State.RUNNING);
    expect(managed?.failures).toBe(0);
  });

  test('each is at its descriptor, by its name, of its kind; a unix socket has its mode and owner, and a stale one is replaced', async () => {
    const path = agent.host.own('srv.sock');
    const ports = [await freePort(), await freePort()];
    const script = 'echo "$LISTEN_FDS $LISTEN_FDNAMES $LISTEN_PID $$"; for fd in 3 4 5 6; do readlink /proc/self/fd/$fd; done; exec sleep 1000';
    const listen = `listen = { a = "tcp://127.0.0.1:${String(ports[0])}", b = { address = "unix://${path}", mode = "0640", user = "nobody", group = "0" }, c = "tcp://[::1]:${String(ports[1])}", d = "udp://127.0.0.1:${String(ports[1])}" }`;
    agent.define('srv', [`command = ["sh", "-c", '''${script}''']`, listen]);
    await agent.takeUp();
    const { pid } = await agent.untilState('srv', State.RUNNING);
    const lines = await output(ctl, agent.name('srv'), 5);
    expect(lines[0]).toBe(`4 a:b:c:d ${String(pid)} ${String(pid)}`);
    expect(lines.slice(1, 5)).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/^socket:\[\d+\]$/) as string));
    const nobody = Number(/^nobody:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1]);
    const { mode, uid, gid } = statSync(path);
    expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o640, uid: nobody, gid: 0 });
    await agent.ask('stop', 'srv');
    expect(existsSync(path)).toBe(true);
    await agent.ask('start', 'srv');
    await agent.untilState('srv', State.RUNNING);
  });

  test('a container is given them, too', async () => {
    const rootfs = agent.host.own('rootfs');
    buildRootfs(rootfs);
    agent.define('box', [`rootfs = "${rootfs}"`, 'command = ["sh", "-c", "echo $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES; readlink /proc/self/fd/3; exec sleep 1000"]', `listen = { http = "tcp://127.0.0.1:${String(await freePort())}" }`]);
    await agent.takeUp();
    await agent.untilState('box', State.RUNNING);
    expect(await output(ctl, agent.name('box'), 2)).toEqual(['1 1 http', expect.stringMatching(/^socket:/)]);
  });

  test('where an address is in use, it is said by whom', async () => {
    const other = await listening(createServer());
    try {
      const { port } = other.address() as AddressInfo;
      agent.define('srv', ['command = "sleep 1000"', `listen = { http = "tcp://127.0.0.1:${String(port)}" }`]);
      await agent.takeUp();
      const { reason } = await agent.until('srv', 'its failure', ({ state }) => state === State.BACKOFF);
      expect(reason).toContain(`listen: http: tcp://127.0.0.1:${String(port)}: it is in use by ${readFileSync('/proc/self/comm', 'utf8').trim()} (pid ${String(process.pid)})`);
      writeFileSync(`${agent.host.own('programs')}/twice.toml`, ['a', 'b'].map((name) => `[program.${agent.name(name)}]\ncommand = "true"\nlisten = { x = "tcp://:${String(port)}" }\n`).join(''));
      expect((await ctl.run('reread')).stdout).toContain(`listen: x: tcp://:${String(port)} is that of ${agent.name('a')} already`);
    } finally {
      await new Promise((resolve) => { other.close(resolve); });
    }
  });
});

/** Connects again and again. */
class Client {
  #isClosed = false;
  #refused = 0;
  #answers = 0;
  #told: () => void = () => undefined;
  readonly #over: Promise<void>;

  constructor(private readonly port: number) {
    this.#over = this.#run();
  }

  /** Resolves once somebody has answered who was asked after this call. */
  async answered(): Promise<void> {
    const before = this.#answers;
    while (this.#answers < before + 2) await new Promise<void>((resolve) => { this.#told = resolve; });
  }

  /** @returns how often it was refused */
  async close(): Promise<number> {
    this.#isClosed = true;
    await this.#over;
    return this.#refused;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        const socket = connect(this.port, '127.0.0.1');
        socket.on('data', () => {
          this.#answers += 1;
          this.#told();
        });
        socket.on('error', (error) => { if ('code' in error && error.code === 'ECONNREFUSED') this.#refused += 1; });
        socket.on('close', () => { resolve(); });
      });
    }
  }
}

/** The shim is the parent of what it has started. */
async function shimOf(agent: AgentHost, short = 'srv'): Promise<number> {
  const { pid } = await agent.look(short);
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);
}

function output(ctl: Ctl, name: string, count: number): Promise<readonly string[]> {
  return until(`${String(count)} lines`, async () => (await ctl.runHere('logs', name)).stdout.split('\n').slice(0, -1), (lines) => lines.length >= count);
}

async function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => { resolve(false); });
  });
}

async function freePort(): Promise<number> {
  const probe = await listening(createServer());
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server;
}
