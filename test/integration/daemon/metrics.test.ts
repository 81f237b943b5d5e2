import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

import { within } from '../../support/deadline';
import { logLines, untilLogged } from '../../support/log-lines';
import { processesNaming } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { server, port } = await listening();
  server.close();
  return port;
}

describeOnHost("the daemon's figures", realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  /** One container started and one process added to it; then both end. */
  async function oneOfEach(): Promise<void> {
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'] });
    await host.client.addProcess({ id: 'box', pid: 'extra', args: ['true'], cwd: '/', env: ['PATH=/bin'] });
    await events.untilExit('box', 'extra');
    await host.client.stats('box');
    await host.client.signal('box', 9);
    await events.untilExit('box');
    events.close();
  }

  test('are in the log at each interval, with --debug', async () => {
    await host.startDaemon({ flags: ['--debug', '--metrics-interval=200ms'] });
    await oneOfEach();
    const names = ['create', 'start', 'delete', 'stats'].map((verb) => `container-${verb}-time`).concat('exec-process-time', 'exit-process-time');
    const hasAll = (line: object): boolean => names.every((name) => Object.hasOwn((line as { timers?: object }).timers ?? {}, name));
    // An interval may end between the removal, which the timers count, and the telling of the end.
    const isOver = (line: object): boolean => (line as { gauges?: { containers?: number } }).gauges?.containers === 0;
    const line = await untilLogged(host, (one) => one.msg === 'metrics' && hasAll(one) && isOver(one), 'figures with all timers');
    expect(line.level).toBe('debug');
    const timers = line['timers'] as Record<string, { count: number; minMs: number; maxMs: number }>;
    for (const name of names) expect(timers[name]).toMatchObject({ count: 1 });
    expect(timers['container-start-time']?.minMs).toBeGreaterThan(timers['container-create-time']?.minMs ?? 0);
    expect(line['counters']).toMatchObject({ 'events-logged': 4, 'shim-restarts': 0 });
    expect(line['gauges']).toMatchObject({ containers: 0, 'event-subscribers': expect.any(Number) as number, tasks: 0 });
  });

  test('are not in it without --debug', async () => {
    await host.startDaemon({ flags: ['--metrics-interval=10ms'] });
    await oneOfEach();
    expect(logLines(host).filter((line) => line.msg === 'metrics')).toEqual([]);
  });

  test("are on a page for Prometheus, and on no other page", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}`;
    const flags = [`--metrics-address=127.0.0.1:${String(port)}`];
    await host.startDaemon({ flags });
    const events = await host.events();
    await oneOfEach();
    await host.create('stays', { args: ['sleep', '1000'] });
    await events.untilType('start-container', 'stays');
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const figures = parse(await response.text());
    expect(figures.get('holdfast_containers')).toBe(1);
    expect(figures.get('holdfast_processes')).toBe(1);
    expect(figures.get('holdfast_container_create_seconds_count')).toBe(2);
    expect(figures.get('holdfast_exec_process_seconds_count')).toBe(1);
    expect(figures.get('holdfast_container_stats_seconds_count')).toBe(1);
    expect(figures.get('holdfast_events_total')).toBe(5);
    expect(figures.get('holdfast_tasks_total')).toBeGreaterThan(10);
    expect(figures.get('holdfast_event_subscribers')).toBe(1);
    expect(figures.get('holdfast_task_queue_length')).toBe(0);
    expect(figures.get('holdfast_start_queue_length')).toBe(0);
    // An exit FIFO, and the OOM notifications where there is a memory controller.
    expect(figures.get('holdfast_epoll_fds')).toBeGreaterThanOrEqual(1);
    expect(figures.get('holdfast_daemon_restarts')).toBe(0);
    for (const name of ['daemon_memory_rss', 'daemon_memory_pss', 'shim_memory_rss', 'shim_memory_pss']) {
      expect(figures.get(`holdfast_${name}_bytes`)).toBeGreaterThan(1 << 20);
    }
    expect([...figures.keys()].filter((name) => name.startsWith('holdfast_event_loop_delay_seconds'))).toHaveLength(3);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);

    const [shim] = processesNaming(`holdfast-shim --serve ${host.stateDir}`);
    process.kill(shim?.pid ?? 0, 'SIGKILL');
    await untilLogged(host, (line) => line.msg === 'adopted by another shim', 'the adoption');
    expect(parse(await (await fetch(`${url}/metrics`)).text()).get('holdfast_shim_restarts_total')).toBe(1);
    await host.restartDaemon('SIGKILL', { flags });
    const later = parse(await (await fetch(`${url}/metrics`)).text());
    expect(later.get('holdfast_daemon_restarts')).toBe(1);
    expect(later.get('holdfast_containers')).toBe(1);
    await host.end();
  });

  test('are sent to Graphite', async () => {
    const { server, port } = await listening();
    const received = new Promise<string>((resolve, reject) => {
      server.once('connection', (socket) => {
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('end', () => { resolve(text); });
        socket.on('error', reject);
      });
    });
    try {
      await host.startDaemon({ flags: [`--graphite-address=127.0.0.1:${String(port)}`] });
      await oneOfEach();
      const text = await within(received, 'the figures');
      expect(text).toMatch(/^metrics\.container-create-time\.count 1 \d{10}$/m);
      expect(text).toMatch(/^metrics\.container-create-time\.99-percentile \d{6,} \d{10}$/m);
      expect(text).toMatch(/^metrics\.events-logged\.count 4 \d{10}$/m);
      expect(text).toMatch(/^metrics\.containers\.value 0 \d{10}$/m);
      expect(text.endsWith('\n')).toBe(true);
    } finally {
      server.close();
    }
  });

  test('go beside profiles, for whoever is on this machine', async () => {
    const port = await freePort();
    await host.startDaemon({ flags: [`--pprof-address=localhost:${String(port)}`] });
    const answer = await fetch(`http://127.0.0.1:${String(port)}/json/version`);
    expect(await answer.json()).toMatchObject({ Browser: expect.stringMatching(/^node\.js\//) as string });
  });

  test.each(['metrics-address', 'pprof-address'])('an address of %s that is in use: one line, exit status 1', async (flag) => {
    const { server, port } = await listening();
    try {
      const exit = await host.runDaemonToItsEnd({ flags: [`--${flag}=127.0.0.1:${String(port)}`] });
      expect(exit.code).toBe(1);
      expect(exit.log.split('\n').filter((line) => line.startsWith('holdfastd: '))).toEqual([expect.stringContaining(flag)]);
    } finally {
      server.close();
    }
  });

  test('are dumped with the whole state at SIGUSR1', async () => {
    await host.startDaemon();
    await host.create('box', { args: ['sleep', '1000'] });
    const { systemPid } = await host.initOf('box');
    host.daemon.kill('SIGUSR1');
    const line = await untilLogged(host, (one) => one.msg === 'state dump', 'the state dump');
    expect(line).toMatchObject({
      tasks: 0,
      starts: { waiting: 0, busy: 0 },
      lanes: 0,
      eventBacklog: 0,
      shims: [expect.any(Number)],
      openDescriptors: expect.any(Number) as number,
      containers: [{ id: 'box', state: 'running', processes: [{ id: 'init', state: 'running', pid: systemPid }] }],
    });
    expect(await host.client.isServing()).toBe(true);
    await host.end();
  });
});

/** The text format of Prometheus: `name{labels} value`, comments left out. */
function parse(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}
