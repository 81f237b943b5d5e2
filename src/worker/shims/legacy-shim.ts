import { type FSWatcher, watch } from 'node:fs';
import { readPid, lastRuntimeError, lastShimError } from '../../runtime/state-dir/process-dir';
import type { Child, ChildReaper } from '../../sys/process/children';
import { SysError } from '../../sys/errors';
import { SIGKILL } from '../../sys/process/process';
import { WorkError, abortReason } from '../errors';
import type { Shim, Taken, Takeover } from './shim';

/**
 * Another shim program (`--shim <path>`), by the original's protocol: started once
 * per process, in the process's directory, with container id, bundle and runtime.
 * From then on there are only the files: the pid file says that the process is there.
 */
export class LegacyShim implements Shim {
  readonly isOurs = false;
  readonly #children = new Map<string, Child>();

  constructor(
    /** The program's path. */
    readonly name: string,
    private readonly reaper: ChildReaper,
    /** Ends what the runtime has of a process that this shim leaves behind. Never rejects. */
    private readonly endLeftOver: (takeover: Takeover) => Promise<void>,
  ) {}

  async take(takeover: Takeover, signal: AbortSignal): Promise<Taken> {
    const pidFile = watchForPid(takeover.dir);
    try {
      const child = this.#spawn(takeover);
      this.#children.set(takeover.dir, child);
      const ended = child.exited.then(() => {
        this.#children.delete(takeover.dir);
        return undefined;
      });
      const pid = await Promise.race([pidFile.pid, ended, aborted(signal)]);
      // A process that is over at once takes its shim with it: then the file is there all the same.
      const found = pid ?? readPid(takeover.dir);
      if (found === undefined) throw startFailure(takeover.dir);
      return { pid: found };
    } finally {
      pidFile.close();
    }
  }

  async abort(takeover: Takeover): Promise<void> {
    this.#children.get(takeover.dir)?.kill(SIGKILL);
    await this.endLeftOver(takeover);
  }

  /** The protocol has no question for it: its one process over, such a shim ends too, and leaves what it has left. */
  untilRecorded(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing of its input is held here. */
  untilInputEnds(): Promise<void> {
    return Promise.resolve();
  }

  #spawn(takeover: Takeover): Child {
    try {
      return this.reaper.spawn({
        file: this.name,
        args: [takeover.id, takeover.bundle, takeover.runtime],
        cwd: takeover.dir,
        session: true,
      });
    } catch (cause) {
      const missing = cause instanceof SysError && cause.code === 'ENOENT';
      if (missing) throw new WorkError('shim-not-installed', `${this.name} not installed on system`, { cause });
      throw new WorkError('shim-failed', `shim error: ${(cause as Error).message}`, { cause });
    }
  }
}

/** The runtime writes the pid file whole and renames it into place: its directory is watched, not polled. */
function watchForPid(dir: string): { readonly pid: Promise<number>; close(): void } {
  let watcher: FSWatcher | undefined;
  const pid = new Promise<number>((resolve) => {
    const look = (): void => {
      const found = readPid(dir);
      if (found !== undefined) resolve(found);
    };
    watcher = watch(dir, look);
    look();
  });
  return { pid, close: () => watcher?.close() };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(abortReason(signal));
    signal.addEventListener('abort', () => { reject(abortReason(signal)); }, { once: true });
  });
}

/** The contract's words for a start that failed, from what shim and runtime have written. */
function startFailure(dir: string): WorkError {
  const runtimeError = lastRuntimeError(dir);
  if (runtimeError !== undefined) return new WorkError('runtime-failed', `oci runtime error: ${runtimeError}`);
  const shimError = lastShimError(dir);
  if (shimError !== undefined) return new WorkError('shim-failed', `shim error: ${shimError}`);
  return new WorkError('shim-exited');
}
