import { constants } from 'node:os';
import type { Command } from 'commander';
import type { Container } from '../../api/gen/api';
import { removeFifoDirectoryOf } from '../attach/fifo-directory';
import { INIT, type DaemonClient } from '../daemon-client';
import { isCtlError } from '../errors';
import { ExitFeed } from '../exit-feed';
import { pastExits } from '../exit-history';
import { firstFailure } from '../exit-status';
import { selectByName } from '../names';
import { seconds } from '../option-values';
import { resultLine, resultStatus, type Result } from '../text/result-line';
import { after } from '../timer';
import type { Tool } from '../tool';

interface StopOptions {
  readonly timeout: number;
}

export function defineStop(program: Command, tool: Tool): void {
  program
    .command('stop')
    .description('ends containers: SIGTERM, and SIGKILL when that has not helped in time')
    .argument('<names...>', 'names, shell patterns, or all')
    .option('-t, --timeout <seconds>', 'how long to wait before SIGKILL', seconds, 10)
    .action((names: string[], options: StopOptions) => stop(tool, names, options));
}

async function stop(tool: Tool, names: readonly string[], options: StopOptions): Promise<void> {
  const daemon = await tool.connect();
  // Subscribed before anything is looked at or signalled: no exit can slip through in between.
  const exits = await ExitFeed.open(daemon);
  try {
    const { matched, unknown } = selectByName(await daemon.containers(), names);
    const report = (name: string, result: Result): number => {
      tool.print(resultLine(name, result));
      return resultStatus(result);
    };
    // All at once, each told as it ends: the slowest decides how long it takes, not the sum.
    const stopped = matched.map(async (container) =>
      report(container.id, await stopOne(daemon, exits, container, options.timeout * 1000)),
    );
    const missing = unknown.map(async (name) => report(name, await resultForMissing(daemon, name)));
    tool.finish(firstFailure(await Promise.all([...stopped, ...missing])));
  } finally {
    exits.close();
  }
}

async function stopOne(daemon: DaemonClient, exits: ExitFeed, container: Container, timeoutMs: number): Promise<Result> {
  if (container.status === 'stopped') return 'not running';
  const exited = exits.exitOf(container.id, INIT, { afterStart: false });
  await signalUnlessOver(daemon, container.id, constants.signals.SIGTERM);
  // What is frozen hears no signal before it is thawed.
  if (container.status === 'paused') await daemon.updateContainer({ id: container.id, status: 'running' });
  if (!(await isDoneWithin(exited, timeoutMs))) {
    await signalUnlessOver(daemon, container.id, constants.signals.SIGKILL);
    await exited;
  }
  // Nobody attaches to it any more.
  for (const process of container.processes) removeFifoDirectoryOf(process.stdout);
  return 'stopped';
}

/** Its end may be under way already: then the exit is all that is left to wait for. */
async function signalUnlessOver(daemon: DaemonClient, id: string, signal: number): Promise<void> {
  try {
    await daemon.signal(id, INIT, signal);
  } catch (error) {
    if (!isCtlError(error, 'not-running', 'no-such-process')) throw error;
  }
}

async function isDoneWithin(done: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let cancelTimer: () => void = () => undefined;
  const timeout = new Promise<false>((resolve) => {
    cancelTimer = after(timeoutMs, () => { resolve(false); });
  });
  try {
    return await Promise.race([done.then(() => true), timeout]);
  } finally {
    cancelTimer();
  }
}

/** A container that has ended is forgotten, but its exit is not. */
async function resultForMissing(daemon: DaemonClient, name: string): Promise<Result> {
  return (await pastExits(daemon, name)).has(name) ? 'not running' : 'no such process';
}
