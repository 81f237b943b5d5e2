import { followAction, missingName } from '../acting';
import { removeFifoDirectoryOf } from '../attach/fifo-directory';
import { isProgram, selectContainers, suggestNames } from '../names';
import { seconds, signalOption } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface StopOptions {
  readonly timeout: number;
  readonly signal?: number;
  readonly rolling?: boolean;
  readonly pause?: number;
}

export function defineStop(program: Verb, tool: Tool): void {
  withStopOptions(program.verb('stop', {
    group: 'Act',
    summary: 'ends programs and containers: SIGTERM, and SIGKILL when that has not helped in time',
    example: 'stop web --timeout 30',
  })).action((names: string[], options: StopOptions) => act(tool, 'stop', names, options));
}

export function defineRestart(program: Verb, tool: Tool): void {
  withStopOptions(program.verb('restart', {
    group: 'Act',
    summary: 'ends all, then starts all; with --rolling one after the other',
    example: 'restart --rolling --pause 5s web',
    statuses: '7 it could not be started again',
  }))
    .option('--rolling', 'one at a time, each RUNNING, and healthy where it has a check, before the next; the first that fails is the last')
    .option('--pause <seconds>', 'with --rolling: between two', seconds)
    .action((names: string[], options: StopOptions) => act(tool, 'restart', names, options));
}

function withStopOptions(verb: Verb): Verb {
  verb
    .argument('[names...]', 'names, shell patterns, or all')
    .option('-t, --timeout <seconds>', 'how long to wait before SIGKILL', seconds, 10)
    .option('--signal <signal>', 'instead of SIGTERM', signalOption);
  return verb;
}

async function act(tool: Tool, verb: 'stop' | 'restart', names: readonly string[], options: StopOptions): Promise<void> {
  const { timeout, signal = 0 } = options;
  if (names.length === 0) {
    missingName(tool, verb);
    return;
  }
  const daemon = await tool.connect();
  const { matched, unknown, known, isWide } = await selectContainers(daemon, names);
  const meant = verb === 'stop' ? matched : matched.filter((container) => !isWide || isProgram(container));
  const own = meant.map((container) => container.name);
  const request = { names: own, signal, timeout_ms: BigInt(Math.round(timeout * 1000)) };
  const order = isWide ? [...own, ...unknown] : [...new Set(names)];
  if (options.rolling === true) {
    const { restartRolling } = await import('../rolling');
    tool.finish(await restartRolling(tool, daemon, own, unknown, { signal, timeoutMs: request.timeout_ms, pauseMs: (options.pause ?? 0) * 1000 }));
    suggestNames(tool, unknown, known);
    return;
  }
  const action = { doing: verb === 'stop' ? 'stopping' : 'restarting', names: order, isWide } as const;
  tool.finish(await followAction(tool, action, verb === 'stop' ? daemon.stop(request) : daemon.restart(request), unknown));
  // Nobody attaches to them any more.
  for (const { processes } of meant) for (const { stdio } of processes) removeFifoDirectoryOf(stdio?.stdout ?? '');
  suggestNames(tool, unknown, known);
}
