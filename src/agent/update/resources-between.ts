import type { Limits } from '../definitions/definition';
import { resourcesOf } from '../launch/resources';

/** What stands for "no limit", or for the usual weight, of each limit that a newer definition has no more. */
const none: Limits = { memoryBytes: -1, memoryHighBytes: undefined, swapBytes: undefined, cpus: undefined, cpuWeight: 100, pids: -1, ioWeight: 100 };

/** OCI's `linux.resources`, as JSON, that turns the one into the other; undefined where both are the same. */
export function resourcesBetween(before: Limits, after: Limits): string | undefined {
  const has = (key: keyof Limits): boolean => before[key] !== after[key];
  const keys = Object.keys(none) as (keyof Limits)[];
  if (!keys.some(has)) return undefined;
  // Swap is told together with memory.
  const isTold = (key: keyof Limits): boolean => has(key) || (key === 'memoryBytes' && has('swapBytes')) || (key === 'swapBytes' && has('memoryBytes'));
  const limits = Object.fromEntries(keys.filter(isTold).map((key) => [key, after[key] ?? none[key]])) as unknown as Limits;
  const resources: Record<string, unknown> = { ...resourcesOf({ ...noLimits, ...limits }) };
  if (has('cpus') && after.cpus === undefined) resources['cpu'] = { ...(resources['cpu'] as object | undefined), quota: -1 };
  if (has('memoryHighBytes') && after.memoryHighBytes === undefined) resources['unified'] = { 'memory.high': 'max' };
  if (before.swapBytes !== undefined && after.swapBytes === undefined) resources['memory'] = { ...(resources['memory'] as object | undefined), swap: -1 };
  return JSON.stringify(resources);
}

const noLimits: Limits = { memoryBytes: undefined, memoryHighBytes: undefined, swapBytes: undefined, cpus: undefined, cpuWeight: undefined, pids: undefined, ioWeight: undefined };
