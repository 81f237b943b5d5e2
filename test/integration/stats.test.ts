import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import type { NetworkStats } from '../../src/api/gen/legacy/api';
import { printJson } from '../../src/runtime/json';
import { cgroupDirectories } from '../support/cgroups';
import { failureOf } from '../support/failure';
import { RecordingRuntime } from '../support/recording-runtime';
import { describeOnHost, realContainers } from '../support/requires';
import { comparableStats, statsOfRuntime } from '../support/runtime-stats';
import { SharedHost } from '../support/shared-host';
import { TestHost } from '../support/test-host';

const path = 'PATH=/bin';

describeOnHost('the figures of a container', [...realContainers, 'memory controller', 'freezer'], () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** Both at a moment at which nothing of the container changes: the runtime takes a while. */
  async function told(id: string) {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const before = comparableStats((await host.client.stats(id)).cgroup_stats);
      const runtimes = statsOfRuntime(await host.runtime('events', '--stats', id));
      const after = comparableStats((await host.client.stats(id)).cgroup_stats);
      if (printJson(before) === printJson(after)) return { ours: after, runtimes };
    }
    throw new Error(`${id} never stood still`);
  }

  test('are, one by one, what the runtime says: of one that rests, and of one that has worked and is paused', async () => {
    await host.create('rests', { args: ['sleep', '1000'], memoryLimit: 64 << 20 });
    const resting = await told('rests');
    expect(resting.ours).toEqual(resting.runtimes);
    expect(resting.ours.memory_stats?.usage?.limit).toBe(64n << 20n);

    const stdio = host.stdio('works');
    const work = 'read go; dd if=/dev/zero of=/tmp/file bs=64k count=200 2>/dev/null; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo done; sleep 1000';
    await host.create('works', { args: ['sh', '-c', work], memoryLimit: 64 << 20 }, stdio.paths);
    await host.client.updateContainer({ id: 'works', resources: { cpuPeriod: 10_000n, cpuQuota: 1_000n, pidsLimit: 9n } as never });
    await stdio.stdin.write('go\n');
    await stdio.stdout.until('done');
    await host.client.updateContainer({ id: 'works', status: 'paused' });
    const { ours, runtimes } = await told('works');
    expect(ours).toEqual(runtimes);
    expect(ours.pids_stats).toEqual({ current: 1n, limit: 9n });
    expect(ours.throttling_data?.throttled_time).toBeGreaterThan(0n);
    expect(ours.memory_stats?.usage?.usage).toBeGreaterThan(12n << 20n);
    expect(ours.cpu_usage?.usage_in_usermode).toBeGreaterThan(0n);
    await host.end();
  });

  test("have all their parts, the machine's CPU time, and their own time in both forms", async () => {
    await host.create('rests', { args: ['sleep', '1000'] });
    const before = machineNs();
    const sent = BigInt(Date.now());
    const { cgroup_stats: stats, timestamp, seconds } = await host.client.stats('rests');
    expect(stats?.cpu_stats?.system_usage).toBeGreaterThanOrEqual(before);
    expect(stats?.cpu_stats?.system_usage).toBeLessThanOrEqual(machineNs());
    for (const part of [stats?.memory_stats, stats?.blkio_stats, stats?.pids_stats, stats?.cpu_stats?.cpu_usage]) expect(part).toBeDefined();
    expect(stats?.memory_stats?.stats.size).toBeGreaterThan(0);
    expect(seconds).toBe(timestamp?.seconds);
    expect((timestamp?.seconds ?? 0n) * 1000n + BigInt(Math.floor((timestamp?.nanos ?? 0) / 1e6))).toBeGreaterThanOrEqual(sent);
    await host.end();
  });

  test('come with those of each network interface', async () => {
    const stdio = host.stdio('net');
    const script = 'ifconfig lo up; ping -c 3 -q 127.0.0.1 >/dev/null; echo pinged; sleep 1000';
    const capabilities = ['CAP_NET_ADMIN', 'CAP_NET_RAW'];
    await host.create('net', { args: ['sh', '-c', script], capabilities }, stdio.paths);
    await stdio.stdout.until('pinged');
    const { systemPid } = await host.initOf('net');
    const { network_stats: interfaces } = await host.client.stats('net');
    expect(interfaces).toEqual(interfacesOf(systemPid));
    const lo = interfaces.find((one) => one.name === 'lo');
    expect(lo?.rx_Packets).toBeGreaterThanOrEqual(6n);
    expect(lo?.Tx_bytes).toBe(lo?.rx_bytes);
    await host.end();
  });

  test('are read without any program being run', async () => {
    const runtime = new RecordingRuntime(host.own('runtime'));
    await host.create('rests', { args: ['sleep', '1000'] }, { runtime: runtime.path, runtimeArgs: ['--root', host.runtimeRoot] });
    const before = runtime.count;
    for (let round = 0; round < 10; round += 1) await host.client.stats('rests');
    await host.client.state('rests');
    expect(runtime.count).toBe(before);
    await host.end();
  });

  test('of one that is not there, or goes away meanwhile, are the error that clients know', async () => {
    const notFound = 'containerd: container not found';
    expect((await failureOf(host.client.stats('nobody'))).details).toBe(notFound);
    for (let round = 0; round < 5; round += 1) {
      const id = `goes${String(round)}`;
      const events = await host.events({ id });
      await host.create(id, { args: ['sleep', '1000'] });
      let ended = false;
      const over = host.client.signal(id, 9).then(() => events.untilExit(id)).then(() => { ended = true; });
      const outcomes: string[] = [];
      // All that is asked for until it is gone: figures, and then the error.
      while (!ended) outcomes.push(await host.client.stats(id).then(() => 'figures', (error: { details: string }) => error.details));
      await over;
      expect(outcomes.filter((outcome) => outcome !== 'figures' && outcome !== notFound)).toEqual([]);
      expect((await failureOf(host.client.stats(id))).details).toBe(notFound);
      events.close();
    }
  });
});

describeOnHost('State', [...realContainers], () => {
  test('has every pid of a container, those in cgroups below its own too, and the machine', async () => {
    const host = await TestHost.withDaemon();
    try {
      const stdio = host.stdio('tree');
      await host.create('tree', { args: ['sh', '-c', 'sleep 1000 & sleep 1000 & echo grown; wait'] }, stdio.paths);
      await stdio.stdout.until('grown');
      const exec = { id: 'tree', cwd: '/', env: [path], args: ['sleep', '1000'] };
      const extra = await host.client.addProcess({ ...exec, pid: 'extra' });
      const deep = await host.client.addProcess({ ...exec, pid: 'deep' });
      for (const directory of cgroupDirectories(`${host.cgroup}/tree`).own) {
        if (directory.includes('/cpuset/')) continue;
        mkdirSync(join(directory, 'sub/deeper'), { recursive: true });
        writeFileSync(join(directory, 'sub/deeper/cgroup.procs'), String(deep.systemPid));
      }
      const { containers, machine } = await host.client.state('tree');
      const { systemPid } = await host.initOf('tree');
      const pids = containers[0]?.pids ?? [];
      expect(pids).toHaveLength(5);
      expect(pids).toEqual(expect.arrayContaining([systemPid, extra.systemPid, deep.systemPid]));
      expect(machine?.cpus).toBe(cpus().length);
      const kib = /MemTotal: +(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '';
      expect(machine?.memory).toBe(BigInt(kib) / 1024n);
      await host.end();
    } finally {
      await host.cleanUp();
    }
  });
});

/** The first seven fields of the line `cpu` in ticks of 10 ms (proc_stat(5)), in ns. */
function machineNs(): bigint {
  const fields = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ') ?? [];
  return fields.slice(0, 7).reduce((sum, ticks) => sum + BigInt(ticks) * 10_000_000n, 0n);
}

/** proc_pid_net(5): eight columns received, eight sent. */
function interfacesOf(pid: number): NetworkStats[] {
  const lines = readFileSync(`/proc/${String(pid)}/net/dev`, 'utf8').trim().split('\n').slice(2);
  return lines.map((line) => {
    const [name = '', ...columns] = line.trim().split(/:? +/);
    const column = (at: number): bigint => BigInt(columns[at] ?? 0);
    return {
      name,
      rx_bytes: column(0),
      rx_Packets: column(1),
      Rx_errors: column(2),
      Rx_dropped: column(3),
      Tx_bytes: column(8),
      Tx_packets: column(9),
      Tx_errors: column(10),
      Tx_dropped: column(11),
    };
  });
}
