import type { ContainerCgroup } from '../runtime/cgroups/cgroup';
import type { WatchedProcess } from '../monitor/monitor';
import type { OomSource } from '../runtime/cgroups/oom-source';
import type { ProcessSpec } from '../runtime/bundle/process-spec';
import type { CreatedContainer, StartRequest } from '../worker/start-container';
import type { ExecutedProcess } from '../worker/exec-process';
import type { Checkpoint } from '../worker/runtime/checkpoints';
import type { CheckpointOptions } from '../runtime/oci/oci-runtime';
import type { ContainerRecord } from '../runtime/state-dir/state-file';
import type { OurShim } from '../worker/shims/our-shim';
import type { ContainerKey } from '../runtime/state-dir/container-key';
import type { ShimProcess } from '../worker/shims/shim-fleet';
import type { ContainerEntry, ContainerView, ProcessEnd, ProcessEntry, ToldEnd } from './container';
import type { EventDetail } from './events/event';
import type { RecoveredContainer, UnfinishedEnd } from './restore/recovered';

/** Which container and, where it matters, which process a request is about. */
export interface Target {
  /** The container's key. */
  readonly id: ContainerKey;
  readonly processId: string;
}

/** What an exec'd process is to be. */
export interface ExecTask extends Target {
  readonly spec: ProcessSpec;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Outputs without a path are kept beside the container's, in its way; nowhere, where the container's are not kept. */
  readonly keepsOutput?: boolean;
  /** Our own, such as a health check: no event tells of it, so that many of them push nothing else out of the log. Only with `registerExec`. */
  readonly isQuiet?: true;
}

/** A process that is kept, at its deletion. */
export interface DeletedProcess {
  readonly pid: number;
  /** Undefined where it was never started. */
  readonly end: ToldEnd | undefined;
}

/** The arguments of each kind of task. The first group are requests, the second what happens inside. */
export interface TaskArgs {
  start: { readonly request: StartRequest };
  createTask: { readonly request: StartRequest; readonly detail: EventDetail };
  /** `undoable`: the runtime's call ends where its caller goes away, and what has not started by then does not. */
  startTask: { readonly id: ContainerKey; readonly undoable?: boolean };
  deleteTask: { readonly id: ContainerKey };
  exec: ExecTask;
  registerExec: ExecTask;
  startExec: Target;
  deleteExec: Target;
  wait: Target;
  killAll: { readonly id: ContainerKey; readonly signal: number };
  signal: Target & { readonly signal: number };
  updateProcess: Target & { readonly closeStdin: boolean; readonly width: number; readonly height: number };
  pause: { readonly id: string };
  resume: { readonly id: string };
  /** `resources`: the LinuxResources of the OCI runtime specification, printed. */
  update: { readonly id: ContainerKey; readonly resources: string };
  /** One, by its key; or with an empty key all of a namespace. */
  /** @param ifThere one that is not there is no error, which costs its stack: the answer is empty */
  getContainers: { readonly id: ContainerKey; readonly namespace?: string; readonly ifThere?: true };
  stats: { readonly id: string };
  createCheckpoint: { readonly id: string; readonly checkpoint: Checkpoint; readonly checkpointDir: string };
  /** Into a directory that the runtime makes, and that is no checkpoint of the legacy API's. */
  checkpointTask: { readonly id: ContainerKey; readonly options: CheckpointOptions };
  deleteCheckpoint: { readonly id: string; readonly name: string; readonly checkpointDir: string };
  listCheckpoints: { readonly id: string; readonly checkpointDir: string };

  recovered: { readonly container: RecoveredContainer };
  undoneLater: { readonly id: string; readonly record: ContainerRecord };
  untoldEnd: UnfinishedEnd & { readonly record: ContainerRecord };
  heldBack: {
    readonly id: ContainerKey;
    readonly record: ContainerRecord;
    /** Of its first process, where clients have been told of it. */
    readonly start: { readonly pid: number; readonly startKey: string; readonly isStarted: boolean; readonly isRunning: boolean } | undefined;
  };
  created: {
    readonly container: ContainerEntry;
    readonly created: CreatedContainer;
    readonly cgroup: ContainerCgroup | undefined;
    readonly oom: OomSource | undefined;
  };
  commitStart: { readonly container: ContainerEntry };
  commitCreate: { readonly container: ContainerEntry; readonly detail: EventDetail };
  taskStarted: { readonly container: ContainerEntry };
  taskNotStarted: { readonly container: ContainerEntry };
  taskDeleted: { readonly container: ContainerEntry; readonly isCreated: boolean };
  taskNotDeleted: { readonly container: ContainerEntry };
  execRegistered: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  execNotStarted: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  execDeleted: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  execNotDeleted: { readonly process: ProcessEntry };
  heldBackEnded: { readonly container: ContainerEntry };
  undoing: { readonly container: ContainerEntry };
  startFailed: { readonly container: ContainerEntry };
  commitExec: { readonly container: ContainerEntry; readonly process: ProcessEntry; readonly executed: ExecutedProcess };
  execFailed: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  checkpointed: { readonly container: ContainerEntry; readonly imagePath: string };
  paused: { readonly container: ContainerEntry };
  resumed: { readonly container: ContainerEntry };
  exit: { readonly process: WatchedProcess; readonly end: ProcessEnd };
  endFinished: { readonly container: ContainerEntry; readonly process: ProcessEntry };
  /** `kills`: in all, since the container's start; `stalls`: those of them where nobody may be killed. */
  oom: { readonly id: string; readonly kills: number; readonly stalls: number };
  shimGone: { readonly process: WatchedProcess };
  shimLost: { readonly name: string };
  shimFound: { readonly processes: readonly ShimProcess[] };
  adopted: { readonly process: ProcessEntry; readonly shim: OurShim };
  adoptionFailed: { readonly process: ProcessEntry };
  writeLog: object;
}

/** What each kind of task is answered with. */
export interface TaskAnswers {
  start: ContainerView;
  createTask: ContainerView;
  startTask: number;
  deleteTask: DeletedProcess;
  exec: number;
  registerExec: void;
  startExec: number;
  deleteExec: DeletedProcess;
  wait: ToldEnd | undefined;
  killAll: void;
  signal: void;
  updateProcess: void;
  pause: void;
  resume: void;
  update: void;
  getContainers: readonly ContainerView[];
  stats: { readonly cgroup: ContainerCgroup; readonly pid: number };
  createCheckpoint: void;
  checkpointTask: void;
  deleteCheckpoint: void;
  listCheckpoints: readonly Checkpoint[];

  recovered: void;
  undoneLater: ContainerEntry;
  untoldEnd: void;
  heldBack: ContainerEntry;
  created: void;
  commitStart: ContainerView;
  commitCreate: ContainerView;
  taskStarted: number;
  taskNotStarted: void;
  taskDeleted: DeletedProcess;
  taskNotDeleted: void;
  execRegistered: void;
  execNotStarted: void;
  execDeleted: DeletedProcess;
  execNotDeleted: void;
  heldBackEnded: void;
  undoing: void;
  startFailed: void;
  commitExec: number;
  execFailed: void;
  checkpointed: void;
  paused: void;
  resumed: void;
  exit: void;
  endFinished: void;
  oom: void;
  shimGone: void;
  shimLost: void;
  shimFound: void;
  adopted: void;
  adoptionFailed: void;
  writeLog: void;
}

export type Kind = keyof TaskArgs;

/** The requests that clients can make. */
export type RequestKind =
  | 'start' | 'createTask' | 'startTask' | 'deleteTask' | 'exec' | 'registerExec' | 'startExec' | 'deleteExec' | 'wait' | 'killAll' | 'signal' | 'updateProcess' | 'pause' | 'resume' | 'update' | 'getContainers' | 'stats'
  | 'createCheckpoint' | 'checkpointTask' | 'deleteCheckpoint' | 'listCheckpoints';

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
