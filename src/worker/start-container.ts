import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KeptOutput } from '../runtime/kept-output/kept-output';
import { type Bundle, loadBundle } from '../runtime/bundle/bundle';
import { type ContainerKey, isLegacy } from '../runtime/state-dir/container-key';
import { INIT, type StateDir, files } from '../runtime/state-dir/layout';
import { isHostRuntime } from '../runtime/host/host-name';
import { logArgs, startArgs } from '../runtime/oci/oci-runtime';
import type { ProcessRecord } from '../runtime/state-dir/process-file';
import { locateRuntime } from '../runtime/oci/runtime-program';
import { type ContainerRecord, writeContainerRecord } from '../runtime/state-dir/state-file';
import { faultPoint } from '../sys/fault';
import type { Target } from './runtime/container-call';
import { withDeadline, orAborted } from './deadline';
import { WorkError, throwIfAborted } from './errors';
import { identifyTaken } from './identify-taken';
import { type OwnBundle, writeOwnBundle } from './own-bundle';
import { makeProcessDirectory } from './process-directory';
import type { ProcessHandle } from './process-handle';
import { callRuntime } from './runtime/runtime-call';
import { type Shim, type Takeover, takeoverNames } from './shims/shim';
import { setAside } from './set-aside';
import type { WorkTools } from './tools';
import { startIsTold } from './start-told';
import { type Progress, undoContainer } from './undo';

/** What a container is to be, its names checked. */
export interface StartRequest {
  /** Its key: namespace and id. */
  readonly id: ContainerKey;
  /** The client's bundle, or the one of ours that `ownBundle` is written to. */
  readonly bundlePath: string;
  /** What the client has sent instead of a bundle of its own. */
  readonly ownBundle?: OwnBundle;
  /** Directory of the checkpoint to restore from; empty for a fresh start. */
  readonly checkpoint: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** A stdin without a path is a FIFO of the process's directory: always, or where it has a terminal. Absent: it is the null device. */
  readonly opensInput?: 'always' | 'terminal';
  /** Outputs without a path are kept in files. Absent: theirs is the null device. */
  readonly output?: KeptOutput;
  /** Sockets that the shim holds under this name are its descriptors from 3 on. Absent: none. */
  readonly heldSockets?: string;
  readonly labels: readonly string[];
  readonly noPivotRoot: boolean;
  /** The runtime makes no session keyring. Default: it does. */
  readonly noNewKeyring?: boolean;
  /** Who owns the stdio FIFOs, where it is not the container's root. */
  readonly ioOwner?: { readonly uid: number; readonly gid: number };
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
 * The start sequence of docs/state-dir.md, within the start timeout: the container is created, and only then the
 * runtime's `start`, so that nothing of what the container does from its first instruction on can be missed. Then
 * it is committed: told. When it throws, everything has been undone.
 */
export async function startContainer(
  tools: WorkTools,
  request: StartRequest,
  callers: AbortSignal,
  hooks: StartHooks,
): Promise<void> {
  await orUndone(tools, request, callers, hooks, async (signal, progress) => {
    const created = await create(tools, request, signal, progress, hooks);
    // A restored container runs already: the runtime's `restore` is create and start in one.
    if (request.checkpoint === '') await callStart(tools, { takeover: created.takeover, runtimeArgs: request.runtimeArgs }, signal);
  });
}

/**
 * The first half of the start sequence, for a task that is started later: directory and files, the shim takes the process
 * over, the exit and OOM notifications are hooked up. Then it is committed: told. When it throws, everything has been undone.
 */
export async function createContainer(
  tools: WorkTools,
  request: StartRequest,
  callers: AbortSignal,
  hooks: StartHooks,
): Promise<void> {
  await orUndone(tools, request, callers, hooks, async (signal, progress) => {
    await create(tools, request, signal, progress, hooks);
  });
}

/** The runtime's `start` of a container that has been created. @throws WorkError */
export async function callStart(tools: WorkTools, { takeover, runtimeArgs }: Target, signal: AbortSignal): Promise<void> {
  const logFile = join(takeover.dir, files.log);
  const command = { program: takeover.runtime, globalArgs: [...logArgs(logFile), ...runtimeArgs] };
  faultPoint('daemon.start.before-runtime');
  await callRuntime(tools, command, startArgs(command, takeover.id), {
    verb: 'start',
    logFile,
    timeoutMs: tools.startTimeoutMs,
    runsHooks: true,
    signal,
  });
  faultPoint('daemon.start.started');
  throwIfAborted(signal);
}

async function orUndone(
  tools: WorkTools,
  request: StartRequest,
  callers: AbortSignal,
  hooks: StartHooks,
  sequence: (signal: AbortSignal, progress: Progress) => Promise<void>,
): Promise<void> {
  const progress: Progress = {};
  try {
    await withDeadline(tools.startTimeoutMs, callers, (signal) => sequence(signal, progress));
    await hooks.commit();
  } catch (error) {
    await hooks.undoing();
    await undoContainer(tools, request.id, progress, () => { hooks.undoWaits(error); });
    throw error;
  }
  if (progress.handle !== undefined) startIsTold(tools, progress.handle);
}

async function create(
  tools: WorkTools,
  request: StartRequest,
  signal: AbortSignal,
  progress: Progress,
  hooks: StartHooks,
): Promise<CreatedContainer> {
  throwIfAborted(signal);
  if (request.ownBundle !== undefined) {
    faultPoint('daemon.create.before-own-bundle');
    progress.ownBundle = request.bundlePath;
    await writeOwnBundle(tools, request.bundlePath, request.ownBundle, signal);
    faultPoint('daemon.create.own-bundle-written');
  }
  faultPoint('daemon.start.before-bundle');
  const lift = {
    path: request.ownBundle === undefined ? tools.stateDir.liftedBundle(request.id) : request.bundlePath,
    setsOomScore: tools.hasOomScore(),
  };
  const bundle = await loadBundle(tools.foreign, request.bundlePath, lift, signal);
  const program = await locateRuntime(tools.foreign, request.runtime, tools.runtimeAliases, signal);
  // Its bundle is read on the shim's thread: one of ours it has to be.
  if (isHostRuntime(program) && request.ownBundle === undefined) throw new WorkError('bundle-failed', `${program}: takes no bundle`);
  const { record, processRecord, handle } = makeDirectory(tools, request, bundle, progress);
  progress.handle = handle;
  tools.descriptors.check(handle.exitFd, join(handle.dir, files.exit));

  faultPoint('daemon.start.before-shim');
  const shim = await orAborted(signal, tools.shimFor(request.shim));
  progress.shim = shim;
  const takeover: Takeover = {
    dir: handle.dir,
    ...takeoverNames(request.id),
    processId: INIT,
    bundle: bundle.runtimePath,
    runtime: program,
    ownPidNamespace: bundle.hasPidNamespace,
  };
  progress.takeover = takeover;
  faultPoint('daemon.start.before-take');
  const taken = await shim.take(takeover, signal);
  faultPoint('daemon.start.taken');
  handle.hold(taken);
  faultPoint('daemon.start.before-identify');
  await orAborted(signal, identifyTaken(handle, taken.pid, shim));
  faultPoint('daemon.start.before-stdio');
  await handle.holdStdio(processRecord, tools.foreign, signal);

  const created = { record, process: processRecord, handle, takeover, shim };
  await hooks.created(created);
  throwIfAborted(signal);
  return created;
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
  const dir = stateDir.processDir(request.id, INIT);
  const opensInput = request.stdin === '' && (request.opensInput === 'always' || (request.opensInput === 'terminal' && bundle.processSpec.terminal === true));
  const processRecord: ProcessRecord = {
    spec: bundle.processSpec,
    exec: false,
    stdin: opensInput ? join(dir, files.input) : request.stdin,
    stdout: request.stdout,
    stderr: request.stderr,
    runtimeArgs: request.runtimeArgs,
    noPivotRoot: request.noPivotRoot,
    checkpoint: request.checkpoint,
    rootUid: request.ioOwner?.uid ?? bundle.rootUid,
    rootGid: request.ioOwner?.gid ?? bundle.rootGid,
    ...(request.noNewKeyring === true ? { noNewKeyring: true } : {}),
    ...(request.output === undefined ? {} : { output: request.output }),
    ...(request.heldSockets === undefined ? {} : { heldSockets: request.heldSockets }),
  };
  faultPoint('daemon.start.before-directory');
  makeParent(stateDir, request.id);
  mkdirSync(containerDir, { mode: 0o711 });
  progress.madeDir = containerDir;
  faultPoint('daemon.start.before-state-file');
  writeContainerRecord(containerDir, record);
  return { record, processRecord, handle: makeProcessDirectory(dir, processRecord) };
}

/** The directory of the container's namespace; the legacy API's containers lie in the state directory itself. */
function makeParent(stateDir: StateDir, key: ContainerKey): void {
  if (!isLegacy(key)) mkdirSync(dirname(stateDir.containerDir(key)), { recursive: true, mode: 0o711 });
}
