import { constants } from 'node:os';
import { INIT } from '../runtime/state-dir/layout';
import { type ContainerKey, isLegacy, nameOf } from '../runtime/state-dir/container-key';
import { findProgram } from './list';
import { ProgramError, managedElsewhere } from './errors';
import { giveBackNetwork } from './network/give-back';
import type { Asked, ProgramParts } from './parts';
import { type Program, isUp } from './program';
import { endBy } from './stop';
import { tellRequest } from './tell';

export interface RemoveOrder extends Asked {
  readonly name: string;
  /** End it first, where it runs. */
  readonly force: boolean;
}

/** Forgets a program, with its definition and what its last run has left. @throws ProgramError `no-such-process`, `running` */
export async function removeProgram(parts: ProgramParts, order: RemoveOrder): Promise<void> {
  const program = await findProgram(parts, order.name);
  if (program.managed !== undefined) {
    await removeManaged(parts, program, order);
    return;
  }
  if (isUp(program)) {
    if (!order.force) throw new ProgramError('running', order.name, `${order.name} runs`);
    await endBy(parts, program, constants.signals.SIGKILL, parts.nowNs());
  }
  tellRequest(parts, 'remove', program.key, order);
  await parts.turns.run(order.name, () => forget(parts, program));
}

/** Whether it neither runs nor is started again by itself. */
export function isOver(program: Program): boolean {
  const { managed } = program;
  return managed === undefined ? !isUp(program) : managed.state === 'STOPPED' || managed.state === 'EXITED' || managed.state === 'FATAL';
}

/** Its keeper ends and forgets it; what a file defines is not ours to forget. */
async function removeManaged(parts: ProgramParts, program: Program, order: RemoveOrder): Promise<void> {
  const { name, force } = order;
  if (program.managed?.isOfCommandLine !== true || parts.definitionFiles === undefined) throw managedElsewhere(name, false);
  if (!force && !isOver(program)) throw new ProgramError('running', name, `${name} runs, or is to be started again`);
  tellRequest(parts, 'remove', program.key, order);
  // Nobody waits for how it would end by itself; where it is started again meanwhile, it is stopped as its definition says.
  if (force && isUp(program)) await parts.supervisor.request('signal', { id: program.key, processId: INIT, signal: constants.signals.SIGKILL }).catch(() => undefined);
  await parts.definitionFiles.forget(name);
}

/** Removes what is there of it, the task and the output before the definition: a daemon that dies in between finds the name still taken. */
export async function forget(parts: ProgramParts, { name, key, record }: Program): Promise<void> {
  const now = await findProgram(parts, name).catch(() => undefined);
  // Started again meanwhile.
  if (now !== undefined && isUp(now)) throw new ProgramError('running', name, `${name} runs`);
  if (now?.view !== undefined && !isLegacy(key)) await parts.supervisor.request('deleteTask', { id: key });
  if (record === undefined) return;
  await giveBackNetwork(parts, record);
  await removeOutput(parts, key);
  if (record.definition.image !== undefined) await parts.roots.remove(record.name);
  await parts.definitions.delete(record.name);
}

/** A disk that hangs keeps no name: then the files stay, and the next program of the name goes on in them. */
async function removeOutput({ output, outputReaders, outputHolds, log }: ProgramParts, key: ContainerKey): Promise<void> {
  await outputReaders.untilGone(key);
  outputHolds.forget(nameOf(key).id);
  const dir = output.directoryOf(key);
  try {
    await output.files.removeKept(dir);
  } catch (error) {
    log.warn({ id: key, dir, err: error }, 'kept output cannot be removed');
  }
}
