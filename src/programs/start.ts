import type { Definition, StdioPaths } from '../records/definition';
import { giveBackNetwork } from './network/give-back';
import type { DefinitionRecord } from '../records/definition-record';
import { RuntimeError } from '../runtime/errors';
import { INIT } from '../runtime/state-dir/layout';
import { workFailureOf } from '../supervisor/work-failure';
import { messageOf } from '../sys/thrown';
import { managedElsewhere } from './errors';
import { checkProgramName, programKey } from './name';
import { viewOf } from './list';
import type { Asked, ProgramParts, RootMount } from './parts';
import type { StartResult } from './start-result';
import { tellRequest } from './tell';

const SIGKILL = 9;

/** What is to be started. */
export interface StartOrder extends Asked {
  readonly name: string;
  /** Undefined: the one that is remembered. */
  readonly definition: Definition | undefined;
  /** For this run alone. */
  readonly stdio: StdioPaths | undefined;
  /** The client goes away: what does not run yet is undone. */
  readonly cancel: AbortSignal;
  /**
   * One that runs by the time that it is called off runs on: who has called it off ends it in its own way. Else it is killed: its client has gone. And where this
   * daemon dies, what has been made and not started is taken away by who goes on with it.
   */
  readonly keepsStarted?: boolean;
  /** What earlier runs have written into the root of the same image stays, also where the definition comes along. */
  readonly keepsRoot?: boolean;
  /** Asked for together with its stop. */
  readonly isRestart?: boolean;
  /** How long one that a file defines is waited for; undefined: until it is RUNNING, or has failed. */
  readonly waitMs?: number | undefined;
}

/**
 * Starts a program by its name. A definition that comes along is remembered, unless its first start fails.
 * @throws ProgramError `invalid-name`, and what the core refuses whatever is started (SupervisorError)
 */
export async function startProgram(parts: ProgramParts, order: StartOrder): Promise<StartResult> {
  const { name, definition, by, cancel, isRestart } = order;
  const { managed } = parts;
  const found = managed?.find(name);
  if (managed !== undefined && found !== undefined) {
    if (definition !== undefined) throw managedElsewhere(name, found.isOfCommandLine);
    return managed.start({ name, by, cancel, isRestart: isRestart === true, waitMs: order.waitMs });
  }
  checkProgramName(name);
  return startRun(parts, order);
}

/** A run of it, whoever says what its name means. */
export function startRun(parts: ProgramParts, order: StartOrder): Promise<StartResult> {
  return parts.turns.run(order.name, () => start(parts, order));
}

async function start(parts: ProgramParts, order: StartOrder): Promise<StartResult> {
  const { name } = order;
  const { definitions, supervisor } = parts;
  const key = programKey(name);
  const before = definitions.find(name);
  const definition = order.definition ?? before?.definition;
  if (definition === undefined) return { is: 'no-such-process' };
  const view = await viewOf(parts, key);
  const isRunning = view?.state === 'running' || view?.state === 'paused';
  if (isRunning && !parts.stops.has(key)) return { is: 'already-started' };
  // It comes up again after a stop that is under way.
  if (isRunning) await supervisor.request('wait', { id: key, processId: INIT }, order.cancel);
  // One that was created and not started is of a daemon that died in between, perhaps by another definition.
  if (view !== undefined) await supervisor.request('deleteTask', { id: key });
  if (before !== undefined && before.definition.containerSpec !== definition.containerSpec) await giveBackNetwork(parts, before);
  const remembered = remember(parts, order, definition, before);
  if (!isMadeMeanwhile(order, definition)) await remembered;
  tellRequest(parts, 'start', key, order);
  try {
    await create(parts, order, { definition, before, remembered });
    return { is: 'started', pid: await startCreated(parts, order) };
  } catch (error) {
    const failure = failureOf(error);
    await takeBack(parts, name, before, failure?.detail ?? messageOf(error));
    if (failure === undefined) throw error;
    return failure;
  }
}

/**
 * Whether its process, which waits for its start, comes up while the disk takes the definition. Where the daemon dies in between somebody has to take it away, and of a
 * name that was never written down nobody knows. Beside a container's start the disk's time is nothing.
 */
function isMadeMeanwhile({ keepsStarted }: StartOrder, { hostProgram }: Definition): boolean {
  return keepsStarted === true && hostProgram !== '';
}

interface Creation {
  readonly definition: Definition;
  readonly before: DefinitionRecord | undefined;
  /** Settles once the disk has taken the definition, or has not. */
  readonly remembered: Promise<void>;
}

/** Makes the process that waits for its start. Once this resolves the definition is on the disk, too; where either fails it throws, and the process goes. */
async function create(parts: ProgramParts, order: StartOrder, { definition, before, remembered }: Creation): Promise<void> {
  const { supervisor } = parts;
  const { name, cancel } = order;
  // Heard below, but where the root fails first.
  remembered.catch(() => undefined);
  const rootfs = await rootOf(parts, order, definition, before);
  const making = supervisor.request('createTask', parts.taskOf(name, definition, order.stdio ?? definition.stdio, rootfs), cancel);
  const [noted, made] = await Promise.allSettled([remembered, making]);
  if (made.status === 'rejected') throw made.reason;
  if (noted.status === 'fulfilled') return;
  await supervisor.request('deleteTask', { id: programKey(name) }).catch(() => undefined);
  throw noted.reason;
}

/** What an image's program has written stays until it is forgotten, or is to be another one. */
async function rootOf({ roots }: ProgramParts, { name, definition: fresh, keepsRoot }: StartOrder, { image }: Definition, before: DefinitionRecord | undefined): Promise<readonly RootMount[]> {
  const isSame = keepsRoot === true && before?.definition.image?.chain === image?.chain;
  if (image !== undefined) return roots.prepare(name, image.chain, fresh !== undefined && !isSame);
  if (before?.definition.image !== undefined) await roots.remove(name);
  return [];
}

async function remember({ definitions, nowNs }: ProgramParts, { name, definition, by }: StartOrder, whole: Definition, before: DefinitionRecord | undefined): Promise<void> {
  // Whoever keeps it running has not wished for it anew.
  const wish = by === undefined && before?.wish?.up === true ? undefined : { up: true, sinceNs: nowNs(), by };
  if (definition !== undefined) await definitions.put(name, whole, nowNs(), wish);
  else if (wish !== undefined) await definitions.setWish(name, wish);
}

/** What has not started when it is called off is undone. */
async function startCreated({ supervisor }: ProgramParts, { name, cancel, keepsStarted }: StartOrder): Promise<number> {
  const id = programKey(name);
  try {
    // It was called off while it was made: nothing of the program has run yet.
    cancel.throwIfAborted();
    const pid = await supervisor.request('startTask', { id, undoable: true }, cancel);
    if (keepsStarted !== true) cancel.throwIfAborted();
    return pid;
  } catch (error) {
    await supervisor.request('signal', { id, processId: INIT, signal: SIGKILL }).catch(() => undefined);
    await supervisor.request('wait', { id, processId: INIT }).catch(() => undefined);
    await supervisor.request('deleteTask', { id }).catch(() => undefined);
    throw error;
  }
}

/** A name whose first start fails is not taken by it. */
async function takeBack({ definitions, roots, log }: ProgramParts, name: string, before: DefinitionRecord | undefined, failure: string): Promise<void> {
  try {
    if (before === undefined) {
      await roots.remove(name);
      await definitions.delete(name);
    } else await definitions.setFailure(name, failure);
  } catch (error) {
    // Why the start failed is what its client is to hear.
    log.error({ program: name, err: error }, 'the failure of a start could not be written down');
  }
}

const patterns: readonly (readonly [pattern: RegExp, is: 'no-such-file' | 'not-executable' | 'abnormal-termination'])[] = [
  [/executable file not found|exec: .*no such file or directory/, 'no-such-file'],
  [/exec: .*permission denied|exec format error/, 'not-executable'],
  [/did not start before|shim exited before/, 'abnormal-termination'],
];

/** What is the program's own fault; undefined where the daemon could start none now. */
function failureOf(error: unknown): Exclude<StartResult, { is: 'started' | 'starting' | 'already-started' | 'no-such-process' }> | undefined {
  if (!isStartFailure(error)) return undefined;
  const detail = messageOf(error);
  return { is: patterns.find(([pattern]) => pattern.test(detail))?.[1] ?? 'spawn-error', detail };
}

function isStartFailure(error: unknown): boolean {
  return workFailureOf(error) !== undefined || error instanceof RuntimeError;
}
