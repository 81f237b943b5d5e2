import type { Monitor } from '../monitor/monitor';
import type { Logger } from '../runtime/logger';
import type { ShimFleet } from '../worker/shims/shim-fleet';
import type { StartPool } from '../worker/start-pool';
import type { WorkTools } from '../worker/tools';
import type PQueue from 'p-queue';
import type { ContainerEntry } from './container';
import type { EventPublisher } from './events/event-publisher';
import type { Lanes } from './lanes';
import type { Kind, TaskAnswers, TaskArgs } from './task';

/** What becomes of the containers of a shim that died. */
export type OnShimDeath = 'adopt' | 'kill';

/** The defaults that a request leaves to the daemon. */
export interface SupervisorSettings {
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
  readonly shim: string;
  readonly onShimDeath: OnShimDeath;
}

/** Told of each task, and how long each kind of work took; the daemon's metrics listen. */
export interface Timings {
  count(what: 'events'): void;
  record(
    what: 'container-create-time' | 'container-start-time' | 'container-delete-time' | 'exec-process-time' | 'exit-process-time',
    durationMs: number,
  ): void;
}

/** All that a handler may touch. The table is the loop's own state. */
export interface Context {
  readonly table: Map<string, ContainerEntry>;
  readonly publisher: EventPublisher;
  readonly monitor: Monitor;
  readonly starts: StartPool;
  readonly lanes: Lanes;
  /** The removal of what ended processes leave: it waits for no lane. */
  readonly ends: PQueue;
  readonly tools: WorkTools;
  readonly fleet: ShimFleet;
  readonly settings: SupervisorSettings;
  readonly log: Logger;
  readonly timings: Timings;
  /** Queues a task of the inside whose answer nobody waits for. */
  post<K extends Kind>(kind: K, args: TaskArgs[K]): void;
  /** Queues a task of the inside and waits for its answer: for work beside the loop only. */
  ask<K extends Kind>(kind: K, args: TaskArgs[K], cancel?: AbortSignal): Promise<TaskAnswers[K]>;
}
