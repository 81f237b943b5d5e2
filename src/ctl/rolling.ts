import { setTimeout as pause } from 'node:timers/promises';
import { Outcome } from '../api/gen/holdfast/v1/containers';
import type { DaemonClient } from './daemon-client';
import { exitStatus, lastFailure } from './exit-status';
import { resultLine, resultOf, resultStatus, unknownLine } from './text/result-line';
import type { Tool } from './tool';

export interface RollingOptions {
  readonly signal: number;
  readonly timeoutMs: bigint;
  /** Between two. */
  readonly pauseMs: number;
}

/** Restarts one after the other, each RUNNING before the next: the first that fails ends it, and the others are as they were. @returns the exit status */
export async function restartRolling(tool: Tool, daemon: DaemonClient, names: readonly string[], unknown: readonly string[], options: RollingOptions): Promise<number> {
  const statuses: number[] = unknown.map(() => exitStatus.failed);
  for (const name of unknown) tool.print(unknownLine(name));
  for (const [at, name] of names.entries()) {
    if (at > 0 && options.pauseMs > 0) await pause(options.pauseMs);
    const rest = names.slice(at + 1);
    const status = await restartOne(tool, daemon, name, rest, options);
    statuses.push(status);
    if (status !== exitStatus.ok) break;
  }
  return lastFailure(statuses);
}

async function restartOne(tool: Tool, daemon: DaemonClient, name: string, rest: readonly string[], { signal, timeoutMs }: RollingOptions): Promise<number> {
  for await (const { result } of daemon.restart({ names: [name], signal, timeout_ms: timeoutMs })) {
    // One that did not run is started all the same.
    if (result === undefined || result.outcome === Outcome.NOT_RUNNING) continue;
    const outcome = resultOf(result.outcome);
    const status = resultStatus(outcome);
    const left = status === exitStatus.ok || rest.length === 0 ? '' : `; ${rest.join(', ')} left alone`;
    tool.print(`${resultLine(name, outcome)}${left}`);
    if (status === exitStatus.ok) continue;
    if (result.detail !== '') tool.explain(`${name}: ${result.detail}`);
    return status;
  }
  return exitStatus.ok;
}
