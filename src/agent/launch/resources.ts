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
    ...(cpus === undefined ? {} : { quota: Math.round(cpus * PERIOD_US), period: PERIOD_US }),
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

/** Such that the runtime's conversion back (src/runtime/host/limits.ts) gives the weight. */
function sharesOf(weight: number): number {
  return 2 + Math.ceil(((weight - 1) * 262_142) / 9999);
}

/** OCI's `process.rlimits`. */
export function rlimitsOf(limits: readonly ResourceLimit[]): readonly object[] {
  const amount = (value: ResourceLimit['soft']): number | bigint => (value === 'unlimited' ? UNLIMITED : value);
  return limits.map(({ name, soft, hard }) => ({ type: `RLIMIT_${name.toUpperCase()}`, soft: amount(soft), hard: amount(hard) }));
}
