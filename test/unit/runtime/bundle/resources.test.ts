
import { printJson } from '../../../../src/runtime/json';
import { type ResourceUpdate, updateResources } from '../../../../src/runtime/bundle/resources';
import { fc } from '../../../support/property';

const asItIs: ResourceUpdate = {
  blkioWeight: 0n,
  blkioLeafWeight: 0n,
  blkioWeightDevice: [],
  blkioThrottleReadBpsDevice: [],
  blkioThrottleWriteBpsDevice: [],
  blkioThrottleReadIopsDevice: [],
  blkioThrottleWriteIopsDevice: [],
  cpuShares: 0n,
  cpuPeriod: 0n,
  cpuQuota: 0n,
  cpusetCpus: '',
  cpusetMems: '',
  cpuRealtimePeriod: 0n,
  cpuRealtimeRuntime: 0n,
  memoryLimit: 0n,
  memorySwap: 0n,
  memoryReservation: 0n,
  kernelMemoryLimit: 0n,
  kernelTCPMemoryLimit: 0n,
  pidsLimit: 0n,
};
const device = { major: 8n, minor: 16n };

describe('updateResources', () => {
  test('nothing asked for, nothing in it', () => {
    expect(updateResources(asItIs)).toEqual({});
  });

  test('one field alone', () => {
    expect(updateResources({ ...asItIs, memoryLimit: 67108864n })).toEqual({ memory: { limit: 67108864n } });
    expect(updateResources({ ...asItIs, cpusetCpus: '0-1' })).toEqual({ cpu: { cpus: '0-1' } });
  });

  test('every field', () => {
    const all = updateResources({
      blkioWeight: 500n,
      blkioLeafWeight: 300n,
      blkioWeightDevice: [
        { device, weight: 100, leafWeight: 0 },
        { device, weight: 0, leafWeight: 200 },
      ],
      blkioThrottleReadBpsDevice: [{ device, rate: 1n }],
      blkioThrottleWriteBpsDevice: [{ device, rate: 18446744073709551615n }],
      blkioThrottleReadIopsDevice: [{ device, rate: 0n }],
      blkioThrottleWriteIopsDevice: [{ device, rate: 4n }],
      cpuShares: 512n,
      cpuPeriod: 100000n,
      cpuQuota: 50000n,
      cpusetCpus: '0',
      cpusetMems: '0',
      cpuRealtimePeriod: 1000000n,
      cpuRealtimeRuntime: -1n,
      memoryLimit: 1n,
      memorySwap: 2n,
      memoryReservation: 3n,
      kernelMemoryLimit: 4n,
      kernelTCPMemoryLimit: 5n,
      pidsLimit: 6n,
    });
    expect(JSON.parse(printJson(all))).toEqual({
      blockIO: {
        weight: 500,
        leafWeight: 300,
        weightDevice: [
          { major: 8, minor: 16, weight: 100 },
          { major: 8, minor: 16, leafWeight: 200 },
        ],
        throttleReadBpsDevice: [{ major: 8, minor: 16, rate: 1 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 16, rate: 18446744073709552000 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 0 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 4 }],
      },
      cpu: {
        shares: 512,
        period: 100000,
        quota: 50000,
        cpus: '0',
        mems: '0',
        realtimePeriod: 1000000,
        realtimeRuntime: -1,
      },
      memory: { limit: 1, swap: 2, reservation: 3, kernel: 4, kernelTCP: 5 },
      pids: { limit: 6 },
    });
    expect(printJson(all)).toContain('"rate":18446744073709551615');
  });

  test('unlimited', () => {
    const most = 2n ** 64n - 1n;
    const unlimited = updateResources({ ...asItIs, memorySwap: most, cpuQuota: most, pidsLimit: most, cpuShares: most });
    expect(unlimited).toEqual({ memory: { swap: -1n }, cpu: { quota: -1n, shares: most }, pids: { limit: -1n } });
  });

  test('holds no zero, whatever comes', () => {
    const amount = fc.bigInt(0n, 2n ** 64n - 1n);
    const arbitrary = fc.record({ cpuShares: amount, cpuQuota: amount, memoryLimit: amount, cpusetMems: fc.constantFrom('', '0', '0-3') });
    fc.assert(
      fc.property(arbitrary, (some) => {
        const text = printJson(updateResources({ ...asItIs, ...some }));
        expect(text).not.toMatch(/:(0|""|\{\}|\[\])[,}]/);
      }),
    );
  });
});
