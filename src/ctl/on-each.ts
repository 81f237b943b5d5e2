import type { Container } from '../api/gen/holdfast/v1/containers';
import type { DaemonClient } from './daemon/daemon-client';
import { CtlError } from './errors';
import { exitStatus, lastFailure } from './exit-status';
import { selectContainers, suggestNames } from './names';
import { type Result, resultLine, unknownLine } from './text/result-line';
import type { Tool } from './tool';

/** Does the same to each of the names, at once, and tells what became of each, in their order. Not running is a failure here. */
export async function onEach(tool: Tool, names: readonly string[], done: Result, what: (daemon: DaemonClient, container: Container) => Promise<void>): Promise<void> {
  if (names.length === 0) throw new CtlError('invalid-argument', 'a process name is wanted');
  const daemon = await tool.connect();
  const { matched, unknown, known, isWide } = await selectContainers(daemon, names);
  const results = new Map(unknown.map((name) => [name, 'no such process' as Result]));
  await Promise.all(matched.map(async (container) => {
    try {
      await what(daemon, container);
      results.set(container.name, done);
    } catch (error) {
      if (!(error instanceof CtlError) || error.code === 'unreachable') throw error;
      const result = resultOf(error);
      results.set(container.name, result);
      if (result === 'failed') tool.explain(`${container.name}: ${error.message}`, error.hint);
    }
  }));
  const order = isWide ? [...matched.map(({ name }) => name), ...unknown] : [...new Set(names)];
  const statuses = order.map((name) => {
    const result = results.get(name) ?? 'failed';
    if (!(isWide && result === 'not running')) tool.print(result === 'no such process' ? unknownLine(name) : resultLine(name, result));
    if (result === done || (isWide && result === 'not running')) return exitStatus.ok;
    return result === 'not running' ? exitStatus.notRunning : exitStatus.failed;
  });
  suggestNames(tool, unknown, known);
  tool.finish(lastFailure(statuses));
}

/** It was there a moment ago: it has ended meanwhile. */
function resultOf(error: CtlError): Result {
  return error.code === 'not-running' || error.code === 'no-such-process' ? 'not running' : 'failed';
}
