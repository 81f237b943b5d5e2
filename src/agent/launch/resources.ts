import type { Limits, ResourceLimit } from '../definitions/definition';

const PERIOD_US = 100_000;
const UNLIMITED = 18446744073709551615n;

/** OCI's `linux.resources` for limits, also those of an update: what is not limited is not in it. */
export function resourcesOf(limits: Limits): object {
  const { memoryBytes, memoryHighBytes, swapBytes, cpus, cpuWeight, pids, ioWeight } = limits;
  const memory = {
    ...(memoryBytes === undefined ? {} : { limit: memoryBytes }),
    // OCI counts memory and swap together.
    ...(swapBytes === undefined || memoryBytes === undefined ? {} : { swap: memoryBytes + swapBytes }),
  };
  const cpu = {
    ...(cpus === undefined ? {} : { quota: cpus < 0 ? -1 : Math.round(cpus * PERIOD_US), period: PERIOD_US }),
    ...(cpuWeight === undefined ? {} : { shares: sharesOf(cpuWeight) }),
  };
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
    ...(ioWeight === undefined ? {} : { blockIO: { weight: 10 + Math.round(((ioWeight - 1) * 990) / 9999) } }),
    ...(memoryHighBytes === undefined ? {} : { unified: { 'memory.high': String(memoryHighBytes) } }),
  };
}

/** OCI's word for no limit; of weights the usual one. */
const unlimited: Limits = { memoryBytes: -1, memoryHighBytes: undefined, swapBytes: -1, cpus: -1, cpuWeight: 100, pids: -1, ioWeight: 100 };

/** OCI's `linux.resources` that make the one of the other; undefined: they are the same. What is not limited any more is in it as such. */
export function changedResources(before: Limits, after: Limits): object | undefined {
  const changed = (Object.keys(unlimited) as (keyof Limits)[]).filter((name) => before[name] !== after[name]);
  if (changed.length === 0) return undefined;
  const valueOf = (name: keyof Limits): number | undefined => (changed.includes(name) ? after[name] ?? unlimited[name] : undefined);
  const isMemory = changed.includes('memoryBytes') || changed.includes('swapBytes');
  const limits: Limits = {
    memoryBytes: isMemory ? after.memoryBytes ?? -1 : undefined,
    memoryHighBytes: valueOf('memoryHighBytes'),
    // Counted together with memory, and so changed with it; where it never was limited, the host may not have it at all.
    swapBytes: undefined,
    cpus: valueOf('cpus'),
    cpuWeight: valueOf('cpuWeight'),
    pids: valueOf('pids'),
    ioWeight: valueOf('ioWeight'),
  };
  const resources = resourcesOf(limits) as { readonly memory?: object; readonly unified?: object };
  const { memoryBytes, swapBytes } = after;
  const hasSwap = isMemory && (before.swapBytes !== undefined || swapBytes !== undefined);
  const swap = memoryBytes === undefined || swapBytes === undefined ? -1 : memoryBytes + swapBytes;
  const isHighGone = changed.includes('memoryHighBytes') && after.memoryHighBytes === undefined;
  return {
    ...resources,
    ...(hasSwap ? { memory: { ...resources.memory, swap } } : {}),
    ...(isHighGone ? { unified: { 'memory.high': 'max' } } : {}),
  };
}

/** Such that the runtime's conversion back (src/runtime/host/limits.ts) gives the weight. */
function sharesOf(weight: number): number {
  return 2 + Math.ceil(((weight - 1) * 262_142) / 9999);
}

/** OCI's `process.rlimits`. */
export function rlimitsOf(limits: readonly ResourceLimit[]): readonly object[] {
  const amount = (value: ResourceLimit['soft']): number | bigint => (value === 'unlimited' ? UNLIMITED : value);
  return limits.map(({ name, soft, hard }) => ({ type: `RLIMIT_${name.toUpperCase()}`, soft: amount(soft), hard: amount(hard) }));
}
