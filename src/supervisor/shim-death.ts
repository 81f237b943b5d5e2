import { SysError } from '../sys/errors';
import { faultPoint } from '../sys/fault';
import { signalPidFd } from '../sys/process';
import type { ContainerEntry, ProcessEntry } from './container';
import type { Context } from './context';
import { processEnded } from './process-end';

const SIGKILL = 9;
/** The original's status of a process that died with its shim. */
const killedStatus = 128 + SIGKILL;
/** A shim that cannot be started (no memory, no descriptors) is tried again when that may have changed. */
const retryMs = 1000;

/**
 * The shim of a process is gone while the process runs. By the policy another shim
 * takes it over, or it ends with its shim. For the loop's handlers; repeated
 * reports of the same death change nothing.
 */
export function shimDied(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  // A start under way fails by itself, and is undone.
  if (process.adopting === true || process.state === 'stopped' || process.state === 'creating' || process.state === 'created') return;
  if (context.settings.onShimDeath === 'kill') killWithShim(container, process, context);
  else adopt(container, process, context);
}

function killWithShim(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  const pidFd = process.handle?.pidFd;
  try {
    if (pidFd !== undefined) signalPidFd(pidFd, SIGKILL);
  } catch (error) {
    if (!(error instanceof SysError && error.code === 'ESRCH')) throw error;
  }
  context.log.warn({ id: container.id, process: process.id }, 'the shim is gone, and its process is ended with it');
  processEnded(container, process, { status: killedStatus, deletedByShim: false }, context);
}

function adopt(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  const { takeover, watched, handle } = process;
  if (takeover === undefined || watched === undefined) return;
  process.adopting = true;
  const terminalFd = handle?.terminalFd;
  const adoption = {
    ...takeover,
    pid: watched.pid,
    starttime: watched.starttime,
    ...(terminalFd === undefined ? {} : { terminalFd }),
  };
  const attempt = async (): Promise<void> => {
    try {
      faultPoint('daemon.adopt.before-shim');
      const shim = await context.fleet.current();
      await shim.adopt(adoption);
      context.log.warn({ id: container.id, process: process.id, shim: shim.name }, 'adopted by another shim');
      context.post('adopted', { process, shim });
    } catch (error) {
      context.log.error({ id: container.id, process: process.id, err: error }, 'not adopted yet, trying again');
      setTimeout(() => { if (process.adopting === true) void attempt(); }, retryMs).unref();
    }
  };
  void attempt();
}
