import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, loadBundle } from '../runtime/bundle';
import { INIT, files } from '../runtime/layout';
import { logArgs, startArgs } from '../runtime/oci-runtime';
import type { ProcessRecord } from '../runtime/process-file';
import { resolveRuntime } from '../runtime/runtime-program';
import { type ContainerRecord, writeContainerRecord } from '../runtime/state-file';
import { faultPoint } from '../sys/fault';
import { withDeadline, orAborted } from './deadline';
import { setAside } from './discard';
import { throwIfAborted } from './errors';
import { identifyTaken } from './identify-taken';
import { makeProcessDirectory } from './process-directory';
import type { ProcessHandle } from './process-handle';
import { callRuntime } from './runtime-call';
import type { Shim, Takeover } from './shim';
import type { WorkTools } from './tools';
import { startIsTold } from './start-told';
import { type Progress, undoContainer } from './undo';

/** What CreateContainer asks for, its names checked. */
export interface StartRequest {
  readonly id: string;
  readonly bundlePath: string;
  /** Directory of the checkpoint to restore from; empty for a fresh start. */
  readonly checkpoint: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly labels: readonly string[];
  readonly noPivotRoot: boolean;
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
  readonly shim: string;
}

/** A container whose init process is there. The receiver closes `handle`. */
export interface CreatedContainer {
  readonly record: ContainerRecord;
  readonly process: ProcessRecord;
  readonly handle: ProcessHandle;
  readonly takeover: Takeover;
  readonly shim: Shim;
}

/** Where the sequence waits for the supervisor. What a hook throws undoes the start. */
export interface StartHooks {
  /** The init process is there and waits: exit and OOM notifications are hooked up now. */
  created(created: CreatedContainer): Promise<void>;
  /** The container runs: from here on the start is told, or (thrown) undone. */
  commit(): Promise<void>;
  /** The start is about to be undone: the descriptors of `created` are closed next. Must not reject. */
  undoing(): Promise<void>;
  /** Undoing it has to wait for descriptors, processes or memory, and goes on by itself. May be called more than once. */
  undoWaits(error: unknown): void;
}

/**
 * The start sequence of docs/state-dir.md, within the start timeout: directory and
 * files, the shim takes the process over, the exit and OOM notifications are hooked
 * up, and only then the runtime's `start`, so that nothing of what the container does
 * from its first instruction on can be missed. Then it is committed: told.
 * When it throws, everything has been undone.
 */
export async function startContainer(
  tools: WorkTools,
  request: StartRequest,
  callers: AbortSignal,
  hooks: StartHooks,
): Promise<void> {
  const progress: Progress = {};
  try {
    await withDeadline(tools.startTimeoutMs, callers, (signal) => sequence(tools, request, signal, progress, hooks));
    await hooks.commit();
  } catch (error) {
    await hooks.undoing();
    await undoContainer(tools, request.id, progress, () => { hooks.undoWaits(error); });
    throw error;
  }
  if (progress.handle !== undefined) startIsTold(tools, progress.handle);
}

async function sequence(
  tools: WorkTools,
  request: StartRequest,
  signal: AbortSignal,
  progress: Progress,
  hooks: StartHooks,
): Promise<void> {
  throwIfAborted(signal);
  faultPoint('daemon.start.before-bundle');
  const bundle = loadBundle(request.bundlePath, tools.stateDir.liftedBundle(request.id));
  const program = resolveRuntime(request.runtime, tools.runtimeAliases);
  const { record, processRecord, handle } = makeDirectory(tools, request, bundle, progress);
  progress.handle = handle;
  tools.descriptors.check(handle.exitFd, join(handle.dir, files.exit));

  faultPoint('daemon.start.before-shim');
  const shim = await orAborted(signal, tools.shimFor(request.shim));
  progress.shim = shim;
  const takeover: Takeover = {
    dir: handle.dir,
    id: request.id,
    processId: INIT,
    bundle: bundle.runtimePath,
    runtime: program,
    ownPidNamespace: bundle.hasPidNamespace,
  };
  progress.takeover = takeover;
  faultPoint('daemon.start.before-take');
  const taken = await shim.take(takeover, signal);
  faultPoint('daemon.start.taken');
  if (taken.terminalFd !== undefined) handle.holdTerminal(taken.terminalFd);
  faultPoint('daemon.start.before-identify');
  await orAborted(signal, identifyTaken(handle, taken.pid, shim));
  faultPoint('daemon.start.before-stdio');
  handle.holdStdio(processRecord);

  await hooks.created({ record, process: processRecord, handle, takeover, shim });
  throwIfAborted(signal);
  // A restored container runs already: the runtime's `restore` is create and start in one.
  if (request.checkpoint !== '') return;
  const logFile = join(handle.dir, files.log);
  const command = { program, globalArgs: [...logArgs(logFile), ...request.runtimeArgs] };
  faultPoint('daemon.start.before-runtime');
  await callRuntime(tools, command, startArgs(command, request.id), {
    verb: 'start',
    logFile,
    timeoutMs: tools.startTimeoutMs,
    runsHooks: true,
    signal,
  });
  faultPoint('daemon.start.started');
  throwIfAborted(signal);
}

/** What is kept of the request in the container's own file. */
export function containerRecordOf(request: StartRequest): ContainerRecord {
  return {
    bundle: request.bundlePath,
    labels: request.labels,
    runtime: request.runtime,
    runtimeArgs: request.runtimeArgs,
    shim: request.shim,
    noPivotRoot: request.noPivotRoot,
  };
}

function makeDirectory(tools: WorkTools, request: StartRequest, bundle: Bundle, progress: Progress) {
  const { stateDir } = tools;
  const containerDir = stateDir.containerDir(request.id);
  if (existsSync(containerDir)) {
    // No container of ours has this id, so nobody serves what lies there.
    const aside = setAside(stateDir, containerDir, request.id);
    tools.log.warn({ id: request.id, aside }, 'a left-over directory of this id was set aside');
  }
  const record = containerRecordOf(request);
  const processRecord: ProcessRecord = {
    spec: bundle.processSpec,
    exec: false,
    stdin: request.stdin,
    stdout: request.stdout,
    stderr: request.stderr,
    runtimeArgs: request.runtimeArgs,
    noPivotRoot: request.noPivotRoot,
    checkpoint: request.checkpoint,
    rootUid: bundle.rootUid,
    rootGid: bundle.rootGid,
  };
  const dir = stateDir.processDir(request.id, INIT);
  faultPoint('daemon.start.before-directory');
  mkdirSync(containerDir, { mode: 0o711 });
  progress.madeDir = containerDir;
  faultPoint('daemon.start.before-state-file');
  writeContainerRecord(containerDir, record);
  return { record, processRecord, handle: makeProcessDirectory(dir, processRecord) };
}
