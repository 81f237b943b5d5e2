import { closeSync, constants as fsConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { files, INIT } from '../runtime/layout';
import { logArgs, type RuntimeCommand } from '../runtime/oci-runtime';
import { markStdinClosed } from '../runtime/process-dir';
import type { ShimProcess } from '../runtime/shim-protocol';
import type { Poller } from '../sys/poller';
import { errorCodeOf } from '../sys/thrown';
import { ControlFifo, type ControlCommand } from './control-fifo';
import type { ProcessIo } from './process-io';

/**
 * `taking`: the runtime makes it. `running`: it was created, and has not been reaped. `ending`: it has been reaped,
 * the steps of its end are under way. `over`: its exit FIFO has been let go.
 */
export type Phase = 'taking' | 'running' | 'ending' | 'over';

/** One process that the shim has, or is about to have, and the descriptors that it holds for it. */
export class ManagedProcess {
  /** How the runtime is called for this process. */
  readonly command: RuntimeCommand;
  /** Aborted when the daemon wants a take undone. */
  readonly abortion = new AbortController();
  /** Resolves when the exit FIFO has been let go, whether the process ran or never came to be. */
  readonly over: Promise<void>;
  private phaseNow: Phase = 'taking';
  private pid: number | undefined;
  private signal: ((signal: number) => void) | undefined;
  private tellOver: () => void = () => undefined;
  private ioHeld: ProcessIo | undefined;
  private control: ControlFifo | undefined;
  private exitFd: number | undefined;

  /** @param runtimeArgs the container's own global flags of the runtime */
  constructor(
    readonly identity: ShimProcess,
    runtimeArgs: readonly string[],
  ) {
    const log = logArgs(join(identity.dir, files.log));
    this.command = { program: identity.runtime, globalArgs: [...log, ...runtimeArgs] };
    this.over = new Promise((resolve) => {
      this.tellOver = resolve;
    });
  }

  get isInit(): boolean {
    return this.identity.processId === INIT;
  }

  /** For log lines. */
  get label(): string {
    return `${this.identity.id}/${this.identity.processId}`;
  }

  get phase(): Phase {
    return this.phaseNow;
  }

  /** Known from `running` on. */
  get systemPid(): number | undefined {
    return this.pid;
  }

  /** The write end of the exit FIFO, while it is held. */
  get heldExitFd(): number | undefined {
    return this.exitFd;
  }

  get io(): ProcessIo | undefined {
    return this.ioHeld;
  }

  /**
   * Takes hold of the exit and control FIFOs.
   * @param io belongs to this object from now on, also when this throws: see letGo
   * @throws the system's error with the path
   */
  hold(poller: Poller, io: ProcessIo): void {
    this.ioHeld = io;
    this.exitFd = openExitFifo(join(this.identity.dir, files.exit));
    this.control = new ControlFifo(poller, join(this.identity.dir, files.control), (command) => this.obey(command, io));
  }

  /**
   * Takes hold of the exit and control FIFOs that are in the directory now: those that were there
   * before have been lost, and a daemon has made others. @throws as hold
   */
  holdAnew(poller: Poller): void {
    const { ioHeld: io, exitFd, control } = this;
    if (io === undefined || exitFd === undefined) return;
    this.hold(poller, io);
    closeSync(exitFd);
    control?.close();
  }

  /** @param signal sends a signal to exactly this process, as long as it has not ended */
  runs(pid: number, signal: (signal: number) => void): void {
    this.phaseNow = 'running';
    this.pid = pid;
    this.signal = signal;
  }

  /** It has been reaped: its number may belong to another process from now on. */
  ended(): void {
    this.phaseNow = 'ending';
    this.signal = undefined;
  }

  /** SIGKILL, if it runs. */
  kill(): void {
    try {
      this.signal?.(constants.signals.SIGKILL);
    } catch (error) {
      if (errorCodeOf(error) !== 'ESRCH') throw error;
    }
  }

  /** Passes on what the process has written; what nobody has read yet is not this object's any more. */
  async finishIo(): Promise<void> {
    await this.ioHeld?.finish();
    this.ioHeld = undefined;
  }

  /**
   * Lets go of everything, of the exit FIFO last: its hang-up tells the daemon. Output that has not been
   * finished with is lost. May be called twice.
   */
  letGo(): void {
    this.phaseNow = 'over';
    this.ioHeld?.close();
    this.control?.close();
    if (this.exitFd !== undefined) closeSync(this.exitFd);
    this.exitFd = undefined;
    this.tellOver();
  }

  private obey(command: ControlCommand, io: ProcessIo): void {
    if (command.kind === 'resize') {
      io.resize(command.columns, command.rows);
      return;
    }
    try {
      // First on disk: who adopts this process must not open its stdin again.
      markStdinClosed(this.identity.dir);
    } finally {
      io.closeStdin();
    }
  }
}

/** Opens it for writing without waiting for a reader: the daemon that reads it may just be dead. */
function openExitFifo(path: string): number {
  const bothFd = openSync(path, fsConstants.O_RDWR | fsConstants.O_NONBLOCK);
  try {
    return openSync(path, fsConstants.O_WRONLY | fsConstants.O_NONBLOCK);
  } finally {
    closeSync(bothFd);
  }
}
