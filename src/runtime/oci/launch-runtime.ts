import type { Child, ChildReaper } from '../../sys/process/children';
import { SysError } from '../../sys/errors';
import type { WaitStatus } from '../../sys/process/wait-status';
import { errorCodeOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import type { ForeignFiles } from '../foreign/foreign-files';
import { RuntimeChild } from './runtime-child';
import type { RuntimeCopies } from './runtime-copies';

/** What a runtime is started with. */
export interface Launcher {
  readonly reaper: ChildReaper;
  readonly runtimeCopies: RuntimeCopies;
  readonly foreign: Pick<ForeignFiles, 'checkProgram'>;
}

export interface RuntimeLaunch {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /**
   * Whether it is to keep to one processor at a time, if it is run from a copy: copies are of runc or crun, which are over in a moment; others
   * may leave programs running that want more. Whatever it runs (hooks) inherits that.
   */
  readonly onOneProcessor: boolean;
  /** What it leads, beside its process group. */
  readonly leads: 'processGroup' | 'session';
  readonly cwd?: string;
  /** Descriptors for its standard streams; they stay the caller's. */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  /** For 3 and so on. */
  readonly more?: readonly number[];
  /** Ends the wait for a file system that hangs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts the runtime, from its copy in memory where there is one.
 * @throws RuntimeError `runtime-not-installed`; `unanswered` where its file system hangs; the signal's reason, or the system's error
 */
export async function launchRuntime(launcher: Launcher, { program, onOneProcessor, leads, signal, ...spawn }: RuntimeLaunch): Promise<RuntimeChild> {
  const launch = (file: string): Promise<Child> => {
    const env = file !== program && onOneProcessor ? { env: oneProcessor() } : {};
    return launcher.reaper.launch({ ...spawn, ...env, file, argv0: program, [leads]: true });
  };
  try {
    const version = await launcher.foreign.checkProgram(program, signal);
    return new RuntimeChild(await launcher.runtimeCopies.launch(program, version, launch));
  } catch (error) {
    // ENOENT for the working directory names that one.
    if (errorCodeOf(error) !== 'ENOENT' || (error instanceof SysError && error.path !== program)) throw error;
    throw new RuntimeError('runtime-not-installed', `${program} not installed on system`, { cause: error });
  }
}

/** Whether the runtime did what it was asked. */
export function succeeded(status: WaitStatus): boolean {
  return status.kind === 'exited' && status.code === 0;
}

let environment: Readonly<Record<string, string>> | undefined;

/**
 * This process's environment for a Go program that is to keep to one processor at a time; as it is where it says something of that
 * itself. A runtime is over so soon that its threads gain nothing from another one: they wake each other, and invalidate each other's
 * address translations, across processors.
 */
function oneProcessor(): Readonly<Record<string, string>> {
  environment ??= { GOMAXPROCS: '1', ...(process.env as Record<string, string>) };
  return environment;
}
