import { INIT } from '../runtime/layout';
import { SysError } from '../sys/errors';
import { faultPoint } from '../sys/fault';
import { signalPidFd } from '../sys/process';
import { finishEnd } from '../worker/finish-end';
import type { ContainerEntry, ProcessEnd, ProcessEntry } from './container';
import type { Context } from './context';
import type { RecordedEnd } from './event';
import { transition } from './process-state';
import { unwatchProcess } from './process-watch';

/** Told where nobody can tell a process's status any more. */
const unknownStatus = 255;
const retryMs = 1000;
/** A runtime that dies silently may lack processes, or be broken: the exit is told then, whatever it has left. */
const insistMs = 600_000;
const SIGKILL = 9;

/**
 * A process is over. Its end is told once, after its start, and a container's after
 * those of all its exec'd processes. For the loop's handlers.
 */
export function processEnded(container: ContainerEntry, process: ProcessEntry, end: ProcessEnd, context: Context): void {
  if (process.state === 'stopped') return;
  process.end = end;
  if (process.state === 'creating' || process.state === 'created') return;
  process.state = transition(process.state, 'ended');
  unwatchProcess(process, context);
  // Both ends of its stdio go: from here on a client's reads come to an end.
  process.handle?.close();
  if (process.id === INIT) {
    context.monitor.unwatchOom(container.id);
    // A shim has killed the rest of the container by now. Without it, one whose processes have no pid namespace
    // of their own would wait for its exec'd processes for ever.
    if (!end.deletedByShim) for (const exec of container.execs.values()) killProcess(exec);
    containerEnded(container, context);
  } else {
    finish(container, process, context);
  }
}

/** SIGKILL to exactly this process, unless it is gone. */
export function killProcess(process: ProcessEntry): void {
  const pidFd = process.handle?.pidFd;
  try {
    if (pidFd !== undefined) signalPidFd(pidFd, SIGKILL);
  } catch (error) {
    if (!(error instanceof SysError && error.code === 'ESRCH')) throw error;
  }
}

/** An exec'd process is gone from the table; its container's end may have waited for it. */
export function execGone(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  if (container.execs.get(process.id) === process) container.execs.delete(process.id);
  if (container.init.state === 'stopped') containerEnded(container, context);
}

/** The end of a process as the log has it. */
export function endOf(container: ContainerEntry, process: ProcessEntry): RecordedEnd {
  return {
    containerId: container.id,
    processId: process.id,
    status: process.end?.status ?? unknownStatus,
    startKey: process.startKey,
  };
}

function containerEnded(container: ContainerEntry, context: Context): void {
  if (container.execs.size === 0) finish(container, container.init, context);
}

/** Record, remove, tell: each step can be repeated after a restart (docs/reliability.md). */
function finish(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  const { takeover, end } = process;
  if (takeover === undefined || end === undefined) return;
  const beganMs = performance.now();
  const remove = async (): Promise<void> => {
    try {
      await finishEnd(context.tools, { takeover, deleteInRuntime: !end.deletedByShim, insist: performance.now() - beganMs < insistMs });
    } catch (error) {
      // Told before it is gone, its name would not be free; the disk may let go of it yet.
      context.log.error({ id: container.id, process: process.id, err: error }, 'what a process left cannot be removed, trying again');
      setTimeout(() => { void context.ends.add(remove); }, retryMs);
      return;
    }
    context.timings.record(process.id === INIT ? 'container-delete-time' : 'exit-process-time', performance.now() - beganMs);
    context.post('endFinished', { container, process });
  };
  context.publisher.recordEnd(endOf(container, process), () => {
    faultPoint('daemon.end.recorded');
    void context.ends.add(remove);
  });
}
