import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { isHostRuntime } from '../../runtime/host/host-name';
import { files, INIT } from '../../runtime/state-dir/layout';
import { logArgs, type RuntimeCommand } from '../../runtime/oci/oci-runtime';
import { markStdinClosed } from '../../runtime/state-dir/process-dir';
import type { ShimProcess } from '../../runtime/shim-protocol';
import type { Poller } from '../../sys/poller';
import { SIGKILL, unlessGone } from '../../sys/process/process';
import { ControlFifo, type ControlCommand } from '../stdio/control-fifo';
import type { Keep, ProcessState } from '../handover/state';
import type { ProcessIo } from '../stdio/process-io';

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
  private status: number | undefined;
  private adoptedAs: ProcessState['adopted'];

  /** @param runtimeArgs the container's own global flags of the runtime */
  constructor(
    readonly identity: ShimProcess,
    private readonly runtimeArgs: readonly string[],
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

  /** Its end is told before all steps of it are done. */
  get isKept(): boolean {
    return this.identity.namespace !== undefined;
  }

  /** Of a host program, which no runtime's program is called for. */
  get isOnHost(): boolean {
    return isHostRuntime(this.identity.runtime);
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
    this.control = ControlFifo.open(poller, join(this.identity.dir, files.control), (command) => this.obey(command, io));
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

  /** It is not our child. @param pidFd stays whoever's it is */
  isAdopted(starttime: string, pidFd: number | undefined): void {
    this.adoptedAs = { starttime, pidFd };
  }

  /** It has been reaped: its number may belong to another process from now on. @param status 0 to 255 */
  ended(status: number): void {
    this.phaseNow = 'ending';
    this.status = status;
    this.signal = undefined;
    if (this.adoptedAs !== undefined) this.adoptedAs = { starttime: this.adoptedAs.starttime };
  }

  /** Not while the runtime makes it. What this object holds stays open for the next program. */
  handOver(keep: Keep): ProcessState {
    const { identity, runtimeArgs, pid, adoptedAs, status, exitFd } = this;
    if (pid === undefined) throw new Error(`${this.label} has no pid yet`);
    if (adoptedAs?.pidFd !== undefined) keep(adoptedAs.pidFd);
    return {
      identity,
      runtimeArgs,
      pid,
      adopted: adoptedAs,
      status,
      isAborted: this.abortion.signal.aborted,
      exitFd: exitFd === undefined ? undefined : keep(exitFd),
      control: this.control?.handOver(keep),
      io: this.ioHeld?.handOver(keep),
    };
  }

  /** Takes hold of what another program has held: see `handOver`. @param io as `hold` */
  takeUp(poller: Poller, state: ProcessState, io: ProcessIo | undefined): void {
    if (state.isAborted) this.abortion.abort();
    this.ioHeld = io;
    this.exitFd = state.exitFd;
    if (state.control !== undefined) this.control = ControlFifo.takeUp(poller, state.control, (command) => this.obey(command, io));
  }

  /** SIGKILL, if it runs. */
  kill(): void {
    unlessGone(() => { this.signal?.(SIGKILL); });
  }

  /** Passes on what the process has written; what nobody has read yet is not this object's any more. */
  async finishIo(): Promise<void> {
    await this.ioHeld?.finish();
    this.ioHeld = undefined;
  }

  /** Lets go of the exit FIFO, and of nothing else: its hang-up tells the daemon. */
  hangUp(): void {
    if (this.exitFd !== undefined) closeSync(this.exitFd);
    this.exitFd = undefined;
  }

  /**
   * Lets go of everything, of the exit FIFO last: its hang-up tells the daemon. Output that has not been
   * finished with is lost. May be called twice.
   */
  letGo(): void {
    this.phaseNow = 'over';
    this.ioHeld?.close();
    this.control?.close();
    this.hangUp();
    this.tellOver();
  }

  private obey(command: ControlCommand, io: ProcessIo | undefined): void {
    if (command.kind === 'resize') {
      io?.resize(command.columns, command.rows);
      return;
    }
    try {
      // First on disk: who adopts this process must not open its stdin again.
      markStdinClosed(this.identity.dir);
    } finally {
      io?.closeStdin();
    }
  }
}

/** Opens it for writing without waiting for a reader: the daemon that reads it may just be dead. */
function openExitFifo(path: string): number {
  const bothFd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } finally {
    closeSync(bothFd);
  }
}
