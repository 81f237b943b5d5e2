import type { Processes } from '../processes';
import { processesOf } from '../definitions/processes';
import type { ManagedDefinition } from '../engine/managed-definition';
import { managedOf } from '../managed-of';
import type { Lookups } from '../launch/lookups';
import { faultPoint } from '../../sys/fault';
import type { DefinitionStore } from './definition-store';
import { type InUse, isAnythingDue, nothingDue } from './in-use';

/** What has become of limits that were to be changed while it runs: why not, for each process that they could not be changed of. */
export type LimitProblems = readonly { readonly name: string; readonly detail: string }[];

/** The processes that a program has, as the engine is given them. */
export function processesInUse({ definition, scale, due }: InUse, lookups: Lookups): readonly ManagedDefinition[] {
  return due.isGone ? [] : processesOf(definition, scale).map((process) => managedOf(process, lookups));
}

/**
 * Makes true what is in use of a program, and does what its last change asks for. What is written down says all of it, and each step can be done again:
 * so a daemon that dies in between leaves nothing that the next one does not go on with.
 * @throws RecordsError, and what the core says where a process cannot be forgotten
 */
export async function settle(processes: Processes, store: DefinitionStore, name: string, lookups: Lookups): Promise<LimitProblems> {
  const inUse = store.inUse.get(name);
  if (inUse === undefined) return [];
  const { due } = inUse;
  const wanted = processesInUse(inUse, lookups);
  const isKept = ({ name: process }: ManagedDefinition): boolean => processes.has(process);
  for (const process of wanted.filter(isKept)) processes.redefine(process);
  await Promise.all(due.gone.map((process) => processes.forget(goneProcess(inUse, process, lookups))));
  faultPoint('daemon.update.removed');
  const kept = wanted.filter(isKept);
  const problems = await processes.changeLimits(due.resources === undefined ? [] : kept.map((process) => process.name), due.resources ?? '');
  await Promise.all([...due.restart].map(([process, generation]) => processes.restartOf(process, generation)));
  faultPoint('daemon.update.restarted');
  await processes.take(wanted.filter((process) => !processes.has(process.name)));
  await Promise.all(due.start.map((process) => processes.startIfNew(process)));
  faultPoint('daemon.update.taken');
  if (due.isGone) await store.delete(name);
  else if (isAnythingDue(due)) await store.put({ ...inUse, due: nothingDue });
  return problems;
}

/** One that is to go: all that is asked of it is how it is stopped. */
function goneProcess({ definition }: InUse, name: string, lookups: Lookups): ManagedDefinition {
  const [any] = processesOf(definition, 1).map((process) => managedOf(process, lookups));
  if (any === undefined) throw new Error(`${definition.name} has no process`);
  // Nobody waits for it, and it is told of nothing.
  const process = { ...any.process, fullName: name, process: name, program: '', group: '', listener: undefined };
  return { ...any, name, process, policy: { ...any.policy, autostart: false } };
}
