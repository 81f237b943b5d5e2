import { faultPoint } from '../sys/fault';
import { SIGKILL } from '../sys/process/process';
import type { Adoption, OurShim } from '../worker/shims/our-shim';
import { keyOfTakeover } from '../worker/shims/shim';
import type { ContainerEntry, ProcessEntry } from './container';
import type { Context } from './context';
import { killProcess, processEnded } from './process-end';

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
  if (process.adopting === true || process.state === 'stopped') return;
  if (!process.isTold || process.state === 'creating') {
    // A take under way fails by itself, and its start is undone. After it, the start goes on without a shim.
    process.lostShim = true;
    return;
  }
  if (context.settings.onShimDeath === 'kill') killWithShim(container, process, context);
  else adopt(process, context);
}

function killWithShim(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  killProcess(process);
  context.log.warn({ id: container.id, process: process.id }, 'the shim is gone, and its process is ended with it');
  processEnded(container, process, { status: killedStatus, exitedAtNs: BigInt(Date.now()) * 1_000_000n, deletedByShim: false }, context);
}

/**
 * Has `by` take the process over, or else the shim that takes new processes. One that has it
 * already takes its FIFOs up again.
 */
export function adopt(process: ProcessEntry, context: Context, by?: OurShim): void {
  const { takeover, watched, handle } = process;
  if (takeover === undefined || watched === undefined) return;
  process.adopting = true;
  const adoption: Adoption = {
    ...takeover,
    pid: watched.pid,
    starttime: watched.starttime,
    ...handle?.held,
    ...(watched.pidFd === undefined ? {} : { pidFd: watched.pidFd }),
  };
  void attempt(process, adoption, context, by);
}

/** Asks for the adoption once. One that fails is looked at anew later: the process may have ended meanwhile. */
async function attempt(process: ProcessEntry, adoption: Adoption, context: Context, by: OurShim | undefined): Promise<void> {
  const about = { id: keyOfTakeover(adoption), process: adoption.processId };
  let shim = by;
  try {
    faultPoint('daemon.adopt.before-shim');
    shim ??= await context.fleet.adopterOf(adoption);
    await shim.adopt(adoption);
    context.log.warn({ ...about, shim: shim.name }, 'adopted by another shim');
    context.post('adopted', { process, shim });
  } catch (error) {
    // The hang-up of a FIFO may be seen before the end of the connection: then it was the dead one that was asked.
    const hasAskedTheDead = shim !== undefined && shim.name === process.shim?.name;
    context.log[hasAskedTheDead ? 'debug' : 'error']({ ...about, err: error }, 'not adopted yet, trying again');
    setTimeout(() => { context.post('adoptionFailed', { process }); }, hasAskedTheDead ? 0 : retryMs).unref();
  }
}
