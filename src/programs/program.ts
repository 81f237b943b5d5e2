import type { DefinitionRecord } from '../records/definition-record';
import type { ContainerKey } from '../runtime/state-dir/container-key';
import type { ContainerView } from '../supervisor/container';
import type { ManagedState, ManagedView } from './managed';
import { isAlive } from '../supervisor/process-state';

/** A container as clients name it: what is remembered of it, what there is of it, or both. */
export interface Program {
  /** As clients name it. */
  readonly name: string;
  readonly key: ContainerKey;
  /** Absent for containers of other namespaces. */
  readonly record: DefinitionRecord | undefined;
  /** Absent where there is nothing of it but what is remembered. */
  readonly view: ContainerView | undefined;
  /** What its keeper says, where a file defines it. */
  readonly managed: ManagedView | undefined;
  /** SIGKILL is due then, where a stop is under way: nanoseconds since 1970. */
  readonly stopDeadlineNs: bigint | undefined;
}

/** supervisord's. */
export type ProgramState = ManagedState;

/** The state that clients are told. */
export function stateOf({ record, view, managed, stopDeadlineNs }: Program): ProgramState {
  if (managed !== undefined) return managed.state;
  if (view !== undefined && view.state !== 'stopped') {
    if (stopDeadlineNs !== undefined) return 'STOPPING';
    return view.state === 'running' || view.state === 'paused' ? 'RUNNING' : 'STARTING';
  }
  if (record === undefined) return 'EXITED';
  if (record.failure !== undefined) return 'FATAL';
  return record.lastEnd === undefined || record.wish?.up === false ? 'STOPPED' : 'EXITED';
}

/** Whether it has a process that runs (or waits for its start). */
export function isUp({ view }: Program): boolean {
  return view !== undefined && isAlive(view.state);
}
