import type { UpdateResource } from '../../src/api/gen/legacy/api';
import { isVersion2, readCgroupFile } from '../support/cgroup-files';
import { failureOf } from '../support/failure';
import { RecordingRuntime } from '../support/recording-runtime';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

const mib = 1n << 20n;

describeOnHost('the limits of a running container', [...realContainers, 'memory controller'], () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(async () => {
    await host.end();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const update = (resources: Partial<UpdateResource>) => host.client.updateContainer({ id: 'box', resources: resources as UpdateResource });
  const kernels = (controller: string, v1: string, v2: string) => readCgroupFile(`${host.cgroup}/box`, controller, { v1, v2 });
  const limits = () => ({
    memory: kernels('memory', 'memory.limit_in_bytes', 'memory.max'),
    reservation: kernels('memory', 'memory.soft_limit_in_bytes', 'memory.low'),
    pids: kernels('pids', 'pids.max', 'pids.max'),
    shares: kernels('cpu', 'cpu.shares', 'cpu.weight'),
    quota: isVersion2()
      ? kernels('cpu', '', 'cpu.max')
      : `${kernels('cpu', 'cpu.cfs_quota_us', '')} ${kernels('cpu', 'cpu.cfs_period_us', '')}`,
    cpus: kernels('cpuset', 'cpuset.cpus', 'cpuset.cpus'),
  });

  test("are in the cgroup's files after an update, each by itself, and the others as they were", async () => {
    await host.create('box', { args: ['sleep', '1000'], memoryLimit: 64 << 20 });
    const now = limits();
    expect(now.memory).toBe(String(64n * mib));
    const steps: [Partial<UpdateResource>, Partial<typeof now>][] = [
      [{ memoryLimit: 96n * mib }, { memory: String(96n * mib) }],
      [{ memoryReservation: 32n * mib }, { reservation: String(32n * mib) }],
      [{ pidsLimit: 77n }, { pids: '77' }],
      // Version 2 has weights: 1 + (shares - 2) * 9999 / 262142 (the runtime specification's conversion).
      [{ cpuShares: 512n }, { shares: isVersion2() ? '20' : '512' }],
      [{ cpuPeriod: 50_000n, cpuQuota: 25_000n }, { quota: '25000 50000' }],
      [{ cpusetCpus: '0' }, { cpus: '0' }],
    ];
    for (const [asked, changed] of steps) {
      await update(asked);
      Object.assign(now, changed);
      expect(limits()).toEqual(now);
    }
    await host.restartDaemon('SIGKILL');
    expect(limits()).toEqual(now);
    await update({ pidsLimit: 78n });
    expect(limits()).toEqual({ ...now, pids: '78' });
  });

  test('can be changed while it is paused', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    await host.client.updateContainer({ id: 'box', status: 'paused' });
    await update({ pidsLimit: 55n });
    expect(limits().pids).toBe('55');
    expect((await host.client.state('box')).containers[0]?.status).toBe('paused');
  });

  test('are not looked at beside a status', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    const before = limits();
    await host.client.updateContainer({ id: 'box', status: 'paused', resources: { pidsLimit: 5n } as UpdateResource });
    expect(limits()).toEqual(before);
  });

  test("are refused in the runtime's own words, and the container lives on", async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    const before = limits();
    const error = await failureOf(update({ cpusetCpus: '4000' }));
    expect(error.details).toMatch(/^oci runtime error: .*cpuset/);
    expect(limits()).toEqual(before);
    await update({ pidsLimit: 66n });
    expect(limits().pids).toBe('66');
    const unknown = host.client.updateContainer({ id: 'nobody', resources: { pidsLimit: 1n } as UpdateResource });
    expect((await failureOf(unknown)).details).toBe('containerd: container not found');
  });

  describe('reach the runtime', () => {
    let runtime: RecordingRuntime;
    beforeEach(async () => {
      runtime = new RecordingRuntime(host.own('runtime'), { update: `cat > '${host.own('runtime')}.input'; exit` });
      await host.create('box', { args: ['sleep', '1000'] }, { runtime: runtime.path, runtimeArgs: ['--root', host.runtimeRoot] });
    });

    test('as what is asked for, and nothing else', async () => {
      await update({ memoryLimit: 64n * mib });
      expect(runtime.calls('update')).toEqual(['update --resources - box']);
      expect(runtime.input).toBe('{"memory":{"limit":67108864}}');
      await update({ cpusetMems: '0', cpuRealtimeRuntime: -5n });
      expect(runtime.input).toBe('{"cpu":{"mems":"0","realtimeRuntime":-5}}');
      await update({});
      expect(runtime.input).toBe('{}');
    });

    test('in full', async () => {
      const blkIODevice = { major: 8n, minor: 16n };
      const rate = 18446744073709551615n;
      await update({
        blkioWeight: 500n,
        blkioLeafWeight: 300n,
        blkioWeightDevice: [{ blkIODevice, weight: 100, leafWeight: 0 }],
        blkioThrottleReadBpsDevice: [{ blkIODevice, rate }],
        blkioThrottleWriteBpsDevice: [{ blkIODevice, rate: 2n }],
        blkioThrottleReadIopsDevice: [{ blkIODevice, rate: 3n }],
        blkioThrottleWriteIopsDevice: [{ blkIODevice, rate: 0n }],
        cpuShares: 512n,
        cpuPeriod: 100000n,
        cpuQuota: 50000n,
        cpusetCpus: '0-1',
        cpusetMems: '0',
        cpuRealtimePeriod: 1000000n,
        cpuRealtimeRuntime: 950000n,
        memoryLimit: 1n,
        memorySwap: 18446744073709551615n,
        memoryReservation: 3n,
        kernelMemoryLimit: 4n,
        kernelTCPMemoryLimit: 5n,
        pidsLimit: 6n,
      });
      const device = '"major":8,"minor":16';
      expect(runtime.input).toBe(
        '{"blockIO":{"weight":500,"leafWeight":300,' +
          `"weightDevice":[{${device},"weight":100}],` +
          `"throttleReadBpsDevice":[{${device},"rate":18446744073709551615}],` +
          `"throttleWriteBpsDevice":[{${device},"rate":2}],` +
          `"throttleReadIOPSDevice":[{${device},"rate":3}],` +
          `"throttleWriteIOPSDevice":[{${device},"rate":0}]},` +
          '"cpu":{"shares":512,"period":100000,"quota":50000,"cpus":"0-1","mems":"0","realtimePeriod":1000000,"realtimeRuntime":950000},' +
          '"memory":{"limit":1,"swap":-1,"reservation":3,"kernel":4,"kernelTCP":5},' +
          '"pids":{"limit":6}}',
      );
    });
  });
});
