import type { Limits } from '../../../../src/agent/definitions/definition';
import { changedResources, resourcesOf } from '../../../../src/agent/launch/resources';

const none: Limits = { memoryBytes: undefined, memoryHighBytes: undefined, swapBytes: undefined, cpus: undefined, cpuWeight: undefined, pids: undefined, ioWeight: undefined };

describe('limits that change', () => {
  test('what is the same is not in it', () => {
    expect(changedResources({ ...none, pids: 3 }, { ...none, pids: 3 })).toBeUndefined();
    expect(changedResources({ ...none, pids: 3, cpus: 1 }, { ...none, pids: 4, cpus: 1 })).toEqual({ pids: { limit: 4 } });
  });

  test('what is new is as at a start', () => {
    const all: Limits = { memoryBytes: 1 << 20, memoryHighBytes: 1 << 19, swapBytes: 1 << 18, cpus: 1.5, cpuWeight: 300, pids: 7, ioWeight: 200 };
    expect(changedResources(none, all)).toEqual(resourcesOf(all));
  });

  test('what is limited no more is so by name, and swap only where it was limited', () => {
    expect(changedResources({ ...none, memoryBytes: 1 << 20, cpus: 2, pids: 9 }, none)).toEqual({ memory: { limit: -1 }, cpu: { quota: -1, period: 100_000 }, pids: { limit: -1 } });
    expect(changedResources({ ...none, memoryBytes: 1 << 20, swapBytes: 0, memoryHighBytes: 5 }, none)).toEqual({ memory: { limit: -1, swap: -1 }, unified: { 'memory.high': 'max' } });
  });

  test('memory and swap go together', () => {
    expect(changedResources({ ...none, memoryBytes: 100, swapBytes: 10 }, { ...none, memoryBytes: 200, swapBytes: 10 })).toEqual({ memory: { limit: 200, swap: 210 } });
  });
});
