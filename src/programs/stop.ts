import { constants } from 'node:os';
import { INIT } from '../runtime/state-dir/layout';
import { type ContainerKey, nameOf } from '../runtime/state-dir/container-key';
import { SupervisorError } from '../supervisor/errors';
import { SysError } from '../sys/errors';
import { findProgram } from './list';
import { PROGRAMS_NAMESPACE } from './name';
import type { Asked, ProgramParts } from './parts';
import { type Program, isUp } from './program';
import { tellRequest } from './tell';

const { SIGKILL } = constants.signals;
const nsPerMs = 1_000_000n;
/** Node runs a timer at once that is set for longer. */
const longestMs = 2 ** 31 - 1;

/** How something is to be ended. */
export interface StopOrder extends Asked {
  readonly name: string;
  readonly signal: number;
  /** Until SIGKILL. */
  readonly timeoutMs: number;
  /** It is to be started again once it is over. */
  readonly again?: boolean;
}

export type StopResult = 'stopped' | 'not-running';

/**
 * Ends a program, or another container: a signal, and SIGKILL when that has not helped in time. What is asked for is written down first,
 * so a daemon that dies meanwhile goes on with it. Goes on also where nobody waits for it any more.
 * @param onWaiting told until when it has time @throws ProgramError `no-such-process`
 */
export async function stopProgram(parts: ProgramParts, order: StopOrder, onWaiting: (deadlineNs: bigint) => void = () => undefined): Promise<StopResult> {
  const program = await findProgram(parts, order.name);
  const { key } = program;
  if (program.managed !== undefined && parts.managed !== undefined) {
    return parts.managed.stop({ name: order.name, by: order.by, cancel: undefined }, order.again === true, onWaiting);
  }
  await noted(parts, key, wishDown(parts, program, order));
  if (!isUp(program)) return 'not-running';
  tellRequest(parts, 'stop', key, order, { signal: order.signal, timeout_ms: order.timeoutMs });
  if (program.view?.state === 'created') {
    await parts.supervisor.request('deleteTask', { id: key });
    return 'stopped';
  }
  const deadlineNs = parts.nowNs() + BigInt(Math.round(order.timeoutMs)) * nsPerMs;
  onWaiting(deadlineNs);
  await endBy(parts, program, order.signal, deadlineNs);
  return 'stopped';
}

/** Signals it, and again with SIGKILL at the deadline; resolves once its end is told. */
export async function endBy(parts: ProgramParts, { key, view }: Program, signal: number, deadlineNs: bigint): Promise<void> {
  try {
    await noted(parts, key, setDeadline(parts, key, deadlineNs));
    const ended = untilEnded(parts, key);
    await signalUnlessOver(parts, key, signal);
    // What is frozen hears no signal before it is thawed.
    if (view?.state === 'paused') await parts.supervisor.request('resume', { id: key }).catch(() => undefined);
    await killAt(parts, key, deadlineNs, ended);
  } finally {
    parts.stops.delete(key);
  }
}

/** The wait is asked for before the signal: an end in between would be of the next one. */
async function untilEnded({ supervisor }: ProgramParts, key: ContainerKey): Promise<void> {
  try {
    await supervisor.request('wait', { id: key, processId: INIT });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

async function killAt(parts: ProgramParts, key: ContainerKey, deadlineNs: bigint, ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const leftMs = Number((deadlineNs - parts.nowNs()) / nsPerMs);
    timer = setTimeout(() => {
      if (parts.nowNs() < deadlineNs) arm();
      else signalUnlessOver(parts, key, SIGKILL).catch((error: unknown) => { parts.log.error({ id: key, err: error }, 'SIGKILL failed'); });
    }, Math.max(0, Math.min(leftMs + 1, longestMs)));
  };
  arm();
  try {
    await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** Its end may be under way already: then that is all that is left to wait for. */
async function signalUnlessOver({ supervisor }: ProgramParts, key: ContainerKey, signal: number): Promise<void> {
  try {
    await supervisor.request('signal', { id: key, processId: INIT, signal });
  } catch (error) {
    if (!isGone(error) && !(error instanceof SysError && error.code === 'ESRCH')) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof SupervisorError && (error.code === 'container-not-found' || error.code === 'process-not-found');
}

async function wishDown({ definitions, nowNs }: ProgramParts, { record }: Program, { by }: Asked): Promise<void> {
  if (record === undefined) return;
  // Somebody has taken note of the failure.
  await Promise.all([definitions.setWish(record.name, { up: false, sinceNs: nowNs(), by }), definitions.setFailure(record.name, undefined)]);
}

/** A second stop may give it less time, and never more. */
async function setDeadline({ stops, definitions }: ProgramParts, key: ContainerKey, deadlineNs: bigint): Promise<void> {
  const before = stops.get(key);
  const due = before !== undefined && before < deadlineNs ? before : deadlineNs;
  stops.set(key, due);
  const { namespace, id } = nameOf(key);
  if (namespace === PROGRAMS_NAMESPACE) await definitions.setStopDeadline(id, due);
}

/** What is asked for is written down, and then done; but what somebody wants to end is ended, whatever the disk says. */
async function noted({ log }: ProgramParts, key: ContainerKey, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    log.warn({ id: key, err: error }, 'a stop could not be written down');
  }
}
