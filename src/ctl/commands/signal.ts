import type { Command } from 'commander';
import type { Container } from '../../api/gen/api';
import { INIT, type DaemonClient } from '../daemon-client';
import { CtlError, isCtlError } from '../errors';
import { exitStatus, firstFailure } from '../exit-status';
import { selectByName } from '../names';
import { resultLine, type Result } from '../text/result-line';
import { signalNumber } from '../text/signals';
import type { Tool } from '../tool';

export function defineSignal(program: Command, tool: Tool): void {
  program
    .command('signal')
    .description("sends a signal to containers' first processes")
    .argument('<signal>', 'HUP, SIGHUP or 1')
    .argument('<names...>', 'names, shell patterns, or all')
    .action((signal: string, names: string[]) => signalAll(tool, signal, names));
}

async function signalAll(tool: Tool, signal: string, names: readonly string[]): Promise<void> {
  const number = signalNumber(signal);
  if (number === undefined) {
    throw new CtlError('invalid-argument', `no such signal: ${signal}`, {
      hint: 'Write it like HUP, SIGHUP or 1; "kill -l" lists them.',
    });
  }
  const daemon = await tool.connect();
  const { matched, unknown } = selectByName(await daemon.containers(), names);
  const results = await Promise.all(
    matched.map(async (container) => [container.id, await signalOne(daemon, container, number)] as const),
  );
  for (const [name, result] of results) tool.print(resultLine(name, result));
  for (const name of unknown) tool.print(resultLine(name, 'no such process'));
  if (unknown.length > 0) tool.explain('"holdfastctl status" lists what there is');
  tool.finish(firstFailure([...results.map(([, result]) => statusOf(result)), ...unknown.map(() => exitStatus.failed)]));
}

async function signalOne(daemon: DaemonClient, container: Container, number: number): Promise<Result> {
  if (container.status === 'stopped') return 'not running';
  try {
    await daemon.signal(container.id, INIT, number);
    return 'signalled';
  } catch (error) {
    // It was there a moment ago.
    if (isCtlError(error, 'not-running', 'no-such-process')) return 'not running';
    throw error;
  }
}

/** Not running is a failure here, unlike in `stop`: there was nobody to hear the signal. */
function statusOf(result: Result): number {
  return result === 'signalled' ? exitStatus.ok : exitStatus.notRunning;
}
