import { constants } from 'node:os';
import { CtlError } from '../errors';
import { ExitFeed } from '../exit-feed';
import { killedBy } from '../exit-status';
import type { Io, Tool } from '../tool';
import { AttachSession, type AttachTarget } from './session';
import { StdioFifos, type StdioPaths } from './stdio-fifos';

/**
 * Starts a process with our stdio and stays with it. Returns the status to exit with: the
 * process's own. The FIFOs are removed when the process is over (or never came to be), and left
 * when it runs on without us: its output goes on into them, and one may attach again.
 */
export async function runAttached(
  tool: Tool,
  target: AttachTarget,
  start: (paths: StdioPaths) => Promise<unknown>,
): Promise<number> {
  const daemon = await tool.connect();
  const exits = await ExitFeed.open(daemon, target.id);
  const fifos = new StdioFifos(target.terminal);
  let running = false;
  try {
    const session = new AttachSession(tool.io, daemon, target, fifos.paths);
    try {
      await unlessInterrupted(tool.io, start(fifos.paths));
    } catch (error) {
      session.close();
      throw error;
    }
    running = true;
    const outcome = await session.run(exits);
    running = outcome.kind === 'detached';
    return outcome.status;
  } finally {
    exits.close();
    if (!running) fifos.remove();
    else tool.explain(`detached from ${target.id}; its output goes on into ${fifos.directory}`);
  }
}

/** A signal during the start gives it up: we exit, and the daemon undoes a start whose caller is gone. */
async function unlessInterrupted(io: Io, start: Promise<unknown>): Promise<void> {
  const removers: (() => void)[] = [];
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const remove = io.onSignal(name, () => {
        const status = killedBy(constants.signals[name]);
        reject(new CtlError('interrupted', 'interrupted: the start was given up', { exitStatus: status }));
      });
      removers.push(remove);
    }
  });
  try {
    await Promise.race([start, interrupted]);
  } finally {
    for (const remove of removers) remove();
  }
}
