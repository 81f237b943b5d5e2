import { INIT } from '../runtime/state-dir/layout';
import { faultPoint } from '../sys/fault';
import { killPidFd } from '../sys/process/process';
import { UNKNOWN_STATUS } from '../sys/process/wait-status';
import { messageOf } from '../sys/thrown';
import { type EndWork, finishEnd } from '../worker/finish-end';
import { type ContainerEntry, type ProcessEnd, type ProcessEntry, toldEnd } from './container';
import { whose } from './container-event';
import type { Context } from './context';
import type { RecordedEnd } from './events/event';
import { isAlive, transition } from './process-state';
import { unwatchProcess } from './process-watch';

const retryMs = 1000;
/** A runtime that dies silently may lack processes, or be broken: the exit is told then, whatever it has left. */
const insistMs = 600_000;

/**
 * A process is over. Its end is told once, after its start, and a container's after
 * those of all its exec'd processes. One that is kept stays, with its end, until it is deleted;
 * any other goes before its end is told. For the loop's handlers.
 */
export function processEnded(container: ContainerEntry, process: ProcessEntry, end: ProcessEnd, context: Context): void {
  if (process.state === 'stopped') return;
  process.end = end;
  // Told once its creation, or the start that is under way, has come to its own end.
  if (!process.isTold || process.state === 'creating' || process.starting === true) return;
  process.state = transition(process.state, 'ended');
  unwatchProcess(process, context);
  // Both ends of its stdio go: from here on a client's reads come to an end.
  process.handle?.closeAtEnd(context.tools.lastWords);
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
  if (pidFd !== undefined) killPidFd(pidFd);
}

/** An exec'd process is gone from the table; its container's end may have waited for it. */
export function execGone(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  if (container.execs.get(process.id) === process) container.execs.delete(process.id);
  execIsOver(container, context);
}

/** An exec'd process does not run any more, or will never; its container's end may have waited for it. */
export function execIsOver(container: ContainerEntry, context: Context): void {
  if (container.init.state === 'stopped') containerEnded(container, context);
}

/** Everyone who waits for the process's end hears of it; `undefined`: it will never run. */
export function answerWaiters(process: ProcessEntry): void {
  const end = toldEnd(process);
  for (const answer of process.waiters) answer(end);
  process.waiters.clear();
}

/** The end of a process as the log has it. */
export function endOf(container: ContainerEntry, process: ProcessEntry): RecordedEnd {
  const { id: processId, startKey, systemPid: pid, end } = process;
  return {
    ...whose(container.id),
    processId,
    status: end?.status ?? UNKNOWN_STATUS,
    startKey,
    pid,
    ...(end === undefined ? {} : { exitedAtNs: end.exitedAtNs }),
  };
}

function containerEnded(container: ContainerEntry, context: Context): void {
  const execs = [...container.execs.values()];
  const isWaiting = container.isKept ? execs.some(mayStillRun) : execs.length > 0;
  if (!isWaiting) finish(container, container.init, context);
}

function mayStillRun({ state }: ProcessEntry): boolean {
  return state === 'creating' || isAlive(state);
}

function finish(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  if (container.isKept) tellEnd(container, process, context);
  else removeAndTell(container, process, context);
}

/** The process stays until it is deleted: only its end is told. */
function tellEnd(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  if (process.isEndTold === true) return;
  process.isEndTold = true;
  // Nobody has heard of its start.
  if (process.record?.isQuiet === true) {
    answerWaiters(process);
    execIsOver(container, context);
    return;
  }
  takeRecordedEnd(container, process, context);
  const end = endOf(container, process);
  context.publisher.recordAndTellEnd(end, (isNew) => {
    // One that is kept is found again by each restart.
    if (isNew) context.log.info({ id: container.id, process: process.id, status: end.status }, 'process ended');
    answerWaiters(process);
    if (process.id !== INIT) execIsOver(container, context);
  });
}

/** What was told before a restart stays so: where its shim died before it could write the status down, what the restart finds says less. */
function takeRecordedEnd(container: ContainerEntry, process: ProcessEntry, { publisher }: Context): void {
  const recorded = publisher.log.endOf(endOf(container, process));
  if (process.end === undefined || recorded === undefined) return;
  process.end = { ...process.end, status: recorded.status, exitedAtNs: recorded.exitedAtNs ?? process.end.exitedAtNs };
}

/** Record, remove, tell: each step can be repeated after a restart (docs/reliability.md). */
function removeAndTell(container: ContainerEntry, process: ProcessEntry, context: Context): void {
  const { takeover, end } = process;
  if (takeover === undefined || end === undefined) return;
  context.publisher.recordEnd(endOf(container, process), () => {
    faultPoint('daemon.end.recorded');
    removeUntilGone(container, process, () => ({ takeover, deleteInRuntime: !end.deletedByShim }), context);
  });
}

/**
 * Removes what an ended process has left, beside the loop, as often as that takes; then its end is told.
 * @param workOf what there is to do, as it is known at each attempt; may throw
 */
export function removeUntilGone(container: ContainerEntry, process: ProcessEntry, workOf: () => EndWork, context: Context): void {
  const beganMs = performance.now();
  let said: string | undefined;
  const remove = async (): Promise<void> => {
    try {
      await finishEnd(context.tools, { ...workOf(), insist: performance.now() - beganMs < insistMs });
    } catch (error) {
      // Told before it is gone, its name would not be free; the disk may let go of it yet.
      const level = said === messageOf(error) ? 'debug' : 'error';
      context.log[level]({ id: container.id, process: process.id, err: error }, 'what a process left cannot be removed, trying again');
      said = messageOf(error);
      setTimeout(() => { void context.ends.add(remove); }, retryMs);
      return;
    }
    context.timings.record(process.id === INIT ? 'container-delete-time' : 'exit-process-time', performance.now() - beganMs);
    context.post('endFinished', { container, process });
  };
  void context.ends.add(remove);
}
