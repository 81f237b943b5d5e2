import type { ContainerCgroup } from '../runtime/cgroups/cgroup';
import type { WatchedProcess } from '../monitor/monitor';
import type { OomSource } from '../runtime/cgroups/oom-source';
import type { ResourceUpdate } from '../runtime/resources';
import type { ProcessSpec } from '../runtime/process-spec';
import type { CreatedContainer, StartRequest } from '../worker/start-container';
import type { ExecutedProcess } from '../worker/exec-process';
import type { Checkpoint } from '../worker/checkpoints';
import type { OurShim } from '../worker/our-shim';
import type { ContainerEntry, ContainerView, ProcessEnd, ProcessEntry } from './container';
import type { RecoveredContainer } from './recovered';

/** Which container and, where it matters, which process a request is about. */
export interface Target {
  readonly id: string;
  readonly processId: string;
}

/** What AddProcess asks for. */
export interface ExecTask extends Target {
  readonly spec: ProcessSpec;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The arguments of each kind of task. The first group are requests, the second what happens inside. */
export interface TaskArgs {
  start: { readonly request: StartRequest };
  exec: ExecTask;
  signal: Target & { readonly signal: number };
  updateProcess: Target & { readonly closeStdin: boolean; readonly width: number; readonly height: number };
  pause: { readonly id: string };
  resume: { readonly id: string };
  update: { readonly id: string; readonly resources: ResourceUpdate };
  getContainers: { readonly id: string };
  stats: { readonly id: string };
  createCheckpoint: { readonly id: string; readonly checkpoint: Checkpoint; readonly checkpointDir: string };
  deleteCheckpoint: { readonly id: string; readonly name: string; readonly checkpointDir: string };
  listCheckpoints: { readonly id: string; readonly checkpointDir: string };

  recovered: { readonly container: RecoveredContainer };
  created: {
    readonly container: ContainerEntry;
    readonly created: CreatedContainer;
    readonly cgroup: ContainerCgroup | undefined;
    readonly oom: OomSource | undefined;
  };
  commitStart: { readonly container: ContainerEntry };
  undoing: { readonly container: ContainerEntry };
  startFailed: { readonly container: ContainerEntry };
  commitExec: { readonly container: ContainerEntry; readonly process: ProcessEntry; readonly executed: ExecutedProcess };
  execFailed: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  paused: { readonly container: ContainerEntry };
  resumed: { readonly container: ContainerEntry };
  exit: { readonly process: WatchedProcess; readonly end: ProcessEnd };
  endFinished: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  /** `kills`: in all, since the container's start. */
  oom: { readonly id: string; readonly kills: number };
  shimGone: { readonly process: WatchedProcess };
  shimLost: { readonly name: string };
  adopted: { readonly process: ProcessEntry; readonly shim: OurShim };
  adoptionFailed: { readonly process: ProcessEntry };
  writeLog: object;
}

/** What each kind of task is answered with. */
export interface TaskAnswers {
  start: ContainerView;
  exec: number;
  signal: void;
  updateProcess: void;
  pause: void;
  resume: void;
  update: void;
  getContainers: readonly ContainerView[];
  stats: { readonly cgroup: ContainerCgroup; readonly pid: number };
  createCheckpoint: void;
  deleteCheckpoint: void;
  listCheckpoints: readonly Checkpoint[];

  recovered: void;
  created: void;
  commitStart: ContainerView;
  undoing: void;
  startFailed: void;
  commitExec: number;
  execFailed: void;
  paused: void;
  resumed: void;
  exit: void;
  endFinished: void;
  oom: void;
  shimGone: void;
  shimLost: void;
  adopted: void;
  adoptionFailed: void;
  writeLog: void;
}

export type Kind = keyof TaskArgs;

/** The requests that clients can make. */
export type RequestKind =
  | 'start' | 'exec' | 'signal' | 'updateProcess' | 'pause' | 'resume' | 'update' | 'getContainers' | 'stats'
  | 'createCheckpoint' | 'deleteCheckpoint' | 'listCheckpoints';

/** Where a task's answer goes, once. */
export interface Reply<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** What every task carries beside its arguments. */
interface Carried<K extends Kind> {
  readonly reply: Reply<TaskAnswers[K]>;
  /** The caller's cancellation or deadline. */
  readonly cancel: AbortSignal;
}

/** Distributes: `TaskOf<'start' | 'exec'>` is a union that `kind` tells apart. */
export type TaskOf<K extends Kind> = {
  [P in K]: { readonly kind: P } & Readonly<TaskArgs[P]> & Carried<P>;
}[K];

export type Task = TaskOf<Kind>;

/** What a handler says: the answer, a refusal, or that the answer comes later through the task's reply. */
export type Outcome<K extends Kind> =
  | { readonly is: 'answer'; readonly value: TaskAnswers[K] }
  | { readonly is: 'refusal'; readonly error: Error }
  | { readonly is: 'later' };

/** The answer of tasks that have nothing to say. */
export const done: { readonly is: 'answer'; readonly value: void } = { is: 'answer', value: undefined };
/** The answer comes through the task's reply when work that was handed out is done. */
export const later: { readonly is: 'later' } = { is: 'later' };

export function answer<T>(value: T): { readonly is: 'answer'; readonly value: T } {
  return { is: 'answer', value };
}

export function refusal(error: Error): { readonly is: 'refusal'; readonly error: Error } {
  return { is: 'refusal', error };
}
