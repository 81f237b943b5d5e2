import { setTimeout as pause } from 'node:timers/promises';
import { Outcome, State } from '../api/gen/holdfast/v1/containers';
import type { DaemonClient } from './daemon/daemon-client';
import { exitStatus, lastFailure } from './exit-status';
import { resultLine, resultOf, resultStatus, unknownLine } from './text/result-line';
import type { Tool } from './tool';

const lookMs = 100;

export interface RollingOptions {
  readonly signal: number;
  readonly timeoutMs: bigint;
  /** Between two. */
  readonly pauseMs: number;
}

/** Restarts one after the other, each RUNNING, and healthy where it has a check, before the next: the first that fails ends it, and the others are as they were. @returns the exit status */
export async function restartRolling(tool: Tool, daemon: DaemonClient, names: readonly string[], unknown: readonly string[], options: RollingOptions): Promise<number> {
  const statuses: number[] = unknown.map(() => exitStatus.failed);
  for (const name of unknown) tool.print(unknownLine(name));
  const over = new AbortController();
  const stopListening = tool.io.onSignal('SIGINT', () => { over.abort(); });
  try {
    for (const [at, name] of names.entries()) {
      if (at > 0 && options.pauseMs > 0) await pause(options.pauseMs, undefined, { signal: over.signal }).catch(() => undefined);
      const rest = names.slice(at + 1);
      const status = over.signal.aborted ? exitStatus.ok : await restartOne(tool, daemon, { name, rest, cancel: over.signal }, options);
      if (over.signal.aborted) {
        tool.explain(`interrupted; ${name} goes on${rest.length === 0 ? '' : `; ${rest.join(', ')} left alone`}`);
        return exitStatus.interrupted;
      }
      statuses.push(status);
      if (status !== exitStatus.ok) break;
    }
  } finally {
    stopListening();
  }
  return lastFailure(statuses);
}

interface OneOfMany {
  readonly name: string;
  /** Those after it. */
  readonly rest: readonly string[];
  /** It is waited for no longer. */
  readonly cancel: AbortSignal;
}

async function restartOne(tool: Tool, daemon: DaemonClient, { name, rest, cancel }: OneOfMany, { signal, timeoutMs }: RollingOptions): Promise<number> {
  const progress = daemon.restart({ names: [name], signal, timeout_ms: timeoutMs });
  cancel.addEventListener('abort', () => { progress.close(); }, { once: true });
  for await (const { result } of progress) {
    // One that did not run is started all the same.
    if (result === undefined || result.outcome === Outcome.NOT_RUNNING) continue;
    const unwell = result.outcome === Outcome.STARTED ? await untilHealthy(daemon, name, cancel) : '';
    const outcome = resultOf(unwell === '' ? result.outcome : Outcome.ABNORMAL_TERMINATION);
    const status = resultStatus(outcome);
    const left = status === exitStatus.ok || rest.length === 0 ? '' : `; ${rest.join(', ')} left alone`;
    tool.print(`${resultLine(name, outcome)}${left}`);
    if (status === exitStatus.ok) continue;
    const detail = unwell === '' ? result.detail : unwell;
    if (detail !== '') tool.explain(`${name}: ${detail}`);
    return status;
  }
  return exitStatus.ok;
}

/** Looked at again and again: that its checks have passed is no event. One without a check is well as it is. @returns what is wrong; empty: nothing */
async function untilHealthy(daemon: DaemonClient, name: string, cancel: AbortSignal): Promise<string> {
  for (;;) {
    const container = cancel.aborted ? undefined : await daemon.container(name);
    const health = container?.managed?.health ?? '';
    if (container === undefined || health === 'healthy' || (health === '' && container.state === State.RUNNING)) return '';
    if (health !== 'starting') return container.reason === '' ? `it is ${State[container.state]}` : container.reason;
    await pause(lookMs);
  }
}
