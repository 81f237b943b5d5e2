import type { DaemonClient } from '../daemon-client';
import { ExitFeed } from '../exit-feed';
import type { Tool } from '../tool';
import { AttachSession, type AttachTarget } from './session';
import { SignalRelay } from './signal-relay';
import { startUnlessInterrupted } from './start-unless-interrupted';
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
  const fifos = new StdioFifos(target.terminal);
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
    return outcome.status;
  } finally {
    exits.close();
    if (!running) fifos.remove();
    else tool.explain(`detached from ${target.id}; its output goes on into ${fifos.directory}`);
    signals.close();
  }
}

/** Whether the process is there, and is the one that was given our FIFOs. */
async function isStarted(daemon: DaemonClient, target: AttachTarget, paths: StdioPaths): Promise<boolean> {
  const container = await daemon.container(target.id);
  return container?.processes.some(({ pid, stdout }) => pid === target.pid && stdout === paths.stdout) === true;
}
