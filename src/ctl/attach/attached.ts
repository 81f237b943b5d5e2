import { constants } from 'node:os';
import { dirname } from 'node:path';
import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { ExitFeed } from '../daemon/exit-feed';
import { killedBy } from '../exit-status';
import { INIT } from '../names';
import type { Tool } from '../tool';
import { AttachSession, type AttachTarget } from './session';
import { SignalRelay } from './signal-relay';
import { startUnlessInterrupted } from './start-unless-interrupted';
import { removeFifoDirectoryOf } from './fifo-directory';
import { StdioFifos, type StdioPaths } from './stdio-fifos';

/**
 * Starts a process with our stdio and stays with it. Returns the status to exit with: the
 * process's own. The FIFOs are removed when the process is over (or never came to be), and left
 * when it runs on without us: its output goes on into them, and one may attach again.
 *
 * @param start asks the daemon; an aborted signal takes it back
 */
export async function runAttached(
  tool: Tool,
  target: AttachTarget,
  start: (paths: StdioPaths, signal: AbortSignal) => Promise<unknown>,
): Promise<number> {
  const daemon = await tool.connect();
  const exits = await ExitFeed.open(daemon, target.id);
  const fifos = new StdioFifos(target.terminal ? 'stdout' : 'both');
  const signals = new SignalRelay(tool.io);
  const { paths } = fifos;
  let running = false;
  try {
    const session = new AttachSession(tool.io, daemon, target, paths);
    try {
      await startUnlessInterrupted(signals, (signal) => start(paths, signal), () => isStarted(daemon, target, paths));
    } catch (error) {
      session.close();
      throw error;
    }
    running = true;
    const outcome = await session.run(exits, signals);
    running = outcome.kind === 'detached';
    if (!running && outcome.status === killedBy(constants.signals.SIGKILL) && exits.isOutOfMemory && target.outOfMemory !== undefined) tool.explain(target.outOfMemory);
    return outcome.status;
  } finally {
    exits.close();
    if (!running) fifos.remove();
    else sayDetached(tool, target, fifos.paths);
    signals.close();
  }
}

/** Joins a process that was left: its FIFOs are there still. @returns the status to exit with */
export async function rejoin(tool: Tool, target: Omit<AttachTarget, 'isRunning'>, paths: StdioPaths): Promise<number> {
  const daemon = await tool.connect();
  const exits = await ExitFeed.open(daemon, target.id);
  const signals = new SignalRelay(tool.io);
  try {
    const outcome = await new AttachSession(tool.io, daemon, { ...target, isRunning: true }, paths).run(exits, signals);
    if (outcome.kind === 'detached') sayDetached(tool, target, paths);
    else removeFifoDirectoryOf(paths.stdout);
    return outcome.status;
  } finally {
    exits.close();
    signals.close();
  }
}

/** A program can be joined again by its name; of another process it is told where its output waits. */
function sayDetached(tool: Tool, { id, pid }: AttachTarget, { stdout }: StdioPaths): void {
  const name = id.replace(/^programs\//, '');
  if (pid === INIT) tool.io.stderr.write(`detached; ${name} runs on (holdfastctl fg ${name})\n`);
  else tool.explain(`detached from ${name}; its output goes on into ${dirname(stdout)}`);
}

/** Whether the process is there, and is the one that was given our FIFOs. */
async function isStarted(daemon: DaemonClient, target: AttachTarget, paths: StdioPaths): Promise<boolean> {
  const container = await daemon.container(target.id);
  return isRunning(container) && container.processes.some(({ id, stdio }) => id === target.pid && stdio?.stdout === paths.stdout);
}

function isRunning(container: Container | undefined): container is Container {
  return container?.state === State.RUNNING;
}
