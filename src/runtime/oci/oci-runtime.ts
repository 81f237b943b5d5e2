import { SIGKILL } from '../../sys/process/process';

/** A runtime's program and what comes before the verb in its arguments. */
export interface RuntimeCommand {
  /** Absolute path of the program. */
  readonly program: string;
  /** Flags before the verb: logArgs and the container's own `runtimeArgs`. */
  readonly globalArgs: readonly string[];
}

/** The flags that make a runtime log as JSON to a file, for lastErrorMessage. */
export function logArgs(logFile: string): readonly string[] {
  return ['--log', logFile, '--log-format', 'json'];
}

export interface CreateOptions {
  readonly bundle: string;
  readonly pidFile: string;
  /** The unix socket that the terminal's master is sent to; absent without a terminal. */
  readonly consoleSocket?: string | undefined;
  readonly noPivotRoot: boolean;
  readonly noNewKeyring?: boolean | undefined;
  /** Descriptors of the runtime from 3 on that are the container's, too. */
  readonly preservedFds?: number | undefined;
}

/** `create`: the container's namespaces and its init process, which waits for `start`. */
export function createArgs(command: RuntimeCommand, id: string, options: CreateOptions): readonly string[] {
  return [
    ...command.globalArgs, 'create', '--bundle', options.bundle, ...consoleArgs(options.consoleSocket),
    ...pivotArgs(options.noPivotRoot), ...(options.noNewKeyring === true ? ['--no-new-keyring'] : []), ...preservedArgs(options.preservedFds), '--pid-file', options.pidFile, id,
  ];
}

function preservedArgs(count = 0): readonly string[] {
  return count === 0 ? [] : ['--preserve-fds', String(count)];
}

export interface ExecOptions {
  readonly processFile: string;
  readonly pidFile: string;
  readonly consoleSocket?: string | undefined;
}

/** `exec -d`: the runtime ends once the process runs. */
export function execArgs(command: RuntimeCommand, id: string, options: ExecOptions): readonly string[] {
  return [
    ...command.globalArgs, 'exec', '-d', '--process', options.processFile, ...consoleArgs(options.consoleSocket),
    '--pid-file', options.pidFile, id,
  ];
}

export function startArgs(command: RuntimeCommand, id: string): readonly string[] {
  return [...command.globalArgs, 'start', id];
}

/** @param options.force kill what is left of it and take a container that is not there for deleted */
export function deleteArgs(
  command: RuntimeCommand,
  id: string,
  options: { readonly force?: boolean } = {},
): readonly string[] {
  return [...command.globalArgs, 'delete', ...(options.force === true ? ['--force'] : []), id];
}

/** `kill --all`: the signal (SIGKILL unless told) to every process of the container's cgroup. */
export function killAllArgs(command: RuntimeCommand, id: string, signal = SIGKILL): readonly string[] {
  return [...command.globalArgs, 'kill', '--all', id, String(signal)];
}

/** Prints the container's state, a JSON object with `status` and `pid`. */
export function stateArgs(command: RuntimeCommand, id: string): readonly string[] {
  return [...command.globalArgs, 'state', id];
}

export function pauseArgs(command: RuntimeCommand, id: string): readonly string[] {
  return [...command.globalArgs, 'pause', id];
}

export function resumeArgs(command: RuntimeCommand, id: string): readonly string[] {
  return [...command.globalArgs, 'resume', id];
}

/** @param resourcesFile the printed updateResources; `-` for the standard input */
export function updateArgs(command: RuntimeCommand, id: string, resourcesFile: string): readonly string[] {
  return [...command.globalArgs, 'update', '--resources', resourcesFile, id];
}

/** The flags that a checkpoint and the restore from it share. */
export interface CheckpointFlags {
  readonly shell: boolean;
  readonly tcp: boolean;
  readonly unixSockets: boolean;
  /** Namespaces that are made empty rather than dumped. */
  readonly emptyNS: readonly string[];
}

export interface CheckpointOptions extends CheckpointFlags {
  /** The checkpoint's directory. */
  readonly imagePath: string;
  readonly workPath: string;
  /** The container ends with the checkpoint. */
  readonly exit: boolean;
  /** Locks of files are dumped; else one of them makes it fail. */
  readonly fileLocks?: boolean;
  /** How criu has cgroups restored (`soft`, `full`, `strict`, …). Absent: the runtime's choice. */
  readonly cgroupsMode?: string;
}

export function checkpointArgs(command: RuntimeCommand, id: string, options: CheckpointOptions): readonly string[] {
  return [
    ...command.globalArgs, 'checkpoint', '--image-path', options.imagePath, '--work-path', options.workPath,
    ...(options.exit ? [] : ['--leave-running']), ...checkpointFlagArgs(options),
    ...(options.fileLocks === true ? ['--file-locks'] : []), ...(options.cgroupsMode === undefined ? [] : ['--manage-cgroups-mode', options.cgroupsMode]), id,
  ];
}

export interface RestoreOptions extends CreateOptions, CheckpointFlags {
  readonly imagePath: string;
  readonly workPath: string;
}

/** `restore -d`: create and start in one, from a checkpoint. */
export function restoreArgs(command: RuntimeCommand, id: string, options: RestoreOptions): readonly string[] {
  return [
    ...command.globalArgs, 'restore', '-d', '--image-path', options.imagePath, '--work-path', options.workPath,
    '--bundle', options.bundle, ...checkpointFlagArgs(options), ...consoleArgs(options.consoleSocket),
    ...pivotArgs(options.noPivotRoot), '--pid-file', options.pidFile, id,
  ];
}

function consoleArgs(socket: string | undefined): readonly string[] {
  return socket === undefined ? [] : ['--console-socket', socket];
}

function pivotArgs(noPivotRoot: boolean): readonly string[] {
  return noPivotRoot ? ['--no-pivot'] : [];
}

function checkpointFlagArgs(flags: CheckpointFlags): readonly string[] {
  return [
    ...(flags.shell ? ['--shell-job'] : []),
    ...(flags.tcp ? ['--tcp-established'] : []),
    ...(flags.unixSockets ? ['--ext-unix-sk'] : []),
    ...flags.emptyNS.flatMap((namespace) => ['--empty-ns', namespace]),
  ];
}
