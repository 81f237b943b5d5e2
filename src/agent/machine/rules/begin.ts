import { deadlineIn } from '../clocks';
import { type Situation, commonOf } from '../situation';
import type { Stored } from '../state';

/** It is to be up: it waits for what it depends on, or is started. */
export function begin(stored: Stored, { policy, now, areDependenciesMet }: Situation): Stored {
  const common = { ...commonOf(stored, now), wanted: 'up' as const };
  if (areDependenciesMet) return { ...common, generation: stored.generation + 1, state: 'STARTING', phase: 'start' };
  const { dependencyTimeoutMs } = policy;
  const deadline = dependencyTimeoutMs === undefined ? undefined : deadlineIn(now, dependencyTimeoutMs);
  return { ...common, state: 'STARTING', phase: 'dependency', deadline };
}

/** Somebody wants it, or policy after a long peace: what failed before counts no more. */
export function beginAfresh(stored: Stored, situation: Situation): Stored {
  return begin({ ...stored, failures: 0, quickEnds: 0, recentFailures: [] }, situation);
}
