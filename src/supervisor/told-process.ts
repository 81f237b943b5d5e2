import type { ContainerKey } from '../runtime/state-dir/container-key';
import type { Fact } from './events/event';
import type { EventLog } from './events/event-log';

/** How far the life of a process that is kept has been told: it is created, or the runtime's `start` of it is done, too. */
export type ToldStage = 'created' | 'started';

/** What the log knows of a process that is kept, for as long as it is. */
export interface ToldProcess {
  /** Of which start: another of the same names had another key. */
  readonly startKey: string;
  readonly stage: ToldStage;
}

/** To be written together with the event that tells it. */
export function toldFact(key: ContainerKey, processId: string, { startKey, stage }: ToldProcess): Fact {
  return { name: factOf(key, processId), value: `${stage} ${startKey}` };
}

/** Undefined where no client has been told of the process. */
export function toldProcess(log: EventLog, key: ContainerKey, processId: string): ToldProcess | undefined {
  const [, stage, startKey] = /^(created|started) (.*)$/.exec(log.fact(factOf(key, processId)) ?? '') ?? [];
  return startKey === undefined ? undefined : { startKey, stage: stage as ToldStage };
}

/** The process is deleted. */
export function forgetTold(log: EventLog, key: ContainerKey, processId: string): void {
  log.dropFact(factOf(key, processId));
}

/** A process that is kept, as the log has it. */
export interface ToldName {
  readonly key: ContainerKey;
  readonly processId: string;
}

/** All that clients have been told of, and not been told to be deleted. */
export function toldProcesses(log: EventLog): ToldName[] {
  return log.factNames('process ').flatMap((name) => {
    const [, key, processId] = name.split(' ');
    return key === undefined || processId === undefined ? [] : [{ key, processId }];
  });
}

/** Neither a key nor a process's name holds a space. */
function factOf(key: ContainerKey, processId: string): string {
  return `process ${key} ${processId}`;
}
