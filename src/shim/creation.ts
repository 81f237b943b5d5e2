import { constants } from 'node:os';
import { join } from 'node:path';
import { files } from '../runtime/layout';
import { deleteArgs } from '../runtime/oci-runtime';
import { readPid } from '../runtime/process-dir';
import type { ProcessRecord } from '../runtime/process-file';
import type { Child, WaitStatus } from '../sys/children';
import { faultPoint } from '../sys/fault';
import { readProcStat, signalPid } from '../sys/process';
import { ConsolePath } from './console-path';
import { ShimError } from './errors';
import { launchOf } from './launch';
import type { ManagedProcess } from './managed-process';
import { PassedStdio } from './passed-stdio';
import { callRuntime, killRuntime, launchRuntime, runtimeError, succeeded } from './runtime-call';
import type { Shim } from './shim';
import { TerminalIo } from './terminal-io';

/** How long a runtime may go on after an abort: one that finishes leaves less behind than one that is killed. */
const ABORT_GRACE_MS = 1000;

const SUCCESS: WaitStatus = { kind: 'exited', code: 0 };

/** One call of the runtime that makes a process, and how it is undone. */
export class Creation {
  /** `unknown`: the runtime was killed on its way. One that fails by itself has undone all by itself. */
  private made: 'nothing' | 'unknown' | 'process' = 'nothing';

  constructor(
    private readonly shim: Shim,
    private readonly entry: ManagedProcess,
    private readonly record: ProcessRecord,
  ) {}

  /**
   * Opens the stdio, calls the runtime and waits for its end. With an error, call undo().
   * @returns the process's pid: a child of ours, or one that has just been reaped
   * @throws ShimError or the system's error
   */
  async run(): Promise<number> {
    await (this.record.spec.terminal === true ? this.runWithTerminal() : this.runPassingStdio());
    faultPoint('shim.take.after-create');
    this.throwIfAborted();
    const pid = readPid(this.entry.identity.dir);
    // It said that it had made one.
    if (pid === undefined) throw runtimeError(this.entry, SUCCESS);
    if (!isOursOrGone(pid)) throw new ShimError('shim-error', `the runtime's process ${pid} is not a child of the shim`);
    return pid;
  }

  /** Takes back what the runtime has made, if anything. Never rejects. */
  async undo(): Promise<void> {
    if (this.made === 'nothing') return;
    const { entry, shim } = this;
    try {
      faultPoint('shim.take.before-undo');
      if (this.record.exec) await this.killExec();
      else await callRuntime(shim, entry, deleteArgs(entry.command, entry.identity.id, { force: true }));
    } catch (error) {
      shim.log.error('undoing a start', error, entry.label);
    }
  }

  private async runPassingStdio(): Promise<void> {
    const { shim, entry, record } = this;
    const io = PassedStdio.open(record, shim.lingering);
    entry.hold(shim.poller, io);
    this.checkRoom();
    const launch = launchOf(entry, record, undefined);
    faultPoint('shim.take.before-create');
    const child = await launchRuntime(shim, { program: entry.command.program, ...launch, ...io.passed });
    io.closePassed();
    this.judge(await this.untilEnd(child));
  }

  private async runWithTerminal(): Promise<void> {
    const { shim, entry, record } = this;
    const { signal } = entry.abortion;
    const io = TerminalIo.open(shim.terminalContext(entry.label), record, { create: true });
    entry.hold(shim.poller, io);
    this.checkRoom();
    const consolePath = ConsolePath.open(shim.poller, entry.identity.dir);
    const close = (): void => consolePath.close();
    signal.addEventListener('abort', close);
    try {
      const launch = launchOf(entry, record, consolePath.path);
      faultPoint('shim.take.before-create');
      const child = await launchRuntime(shim, { program: entry.command.program, ...launch });
      this.judge(await this.untilEnd(child));
      io.attach(await consolePath.takeTerminal());
    } finally {
      signal.removeEventListener('abort', close);
      consolePath.close();
    }
  }

  /** A process that took the last descriptors would cost those that are here already their ends. */
  private checkRoom(): void {
    const { heldExitFd, identity } = this.entry;
    if (heldExitFd !== undefined) this.shim.descriptors.check(heldExitFd, join(identity.dir, files.exit));
  }

  private async untilEnd(child: Child): Promise<WaitStatus> {
    const { signal } = this.entry.abortion;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => killRuntime(child), ABORT_GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    try {
      return await child.exited;
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    }
  }

  private judge(status: WaitStatus): void {
    this.made = succeeded(status) ? 'process' : status.kind === 'signalled' ? 'unknown' : 'nothing';
    this.throwIfAborted();
    if (this.made !== 'process') throw runtimeError(this.entry, status);
  }

  private throwIfAborted(): void {
    if (this.entry.abortion.signal.aborted) throw new ShimError('aborted', 'the start was aborted');
  }

  private async killExec(): Promise<void> {
    const pid = readPid(this.entry.identity.dir);
    if (pid === undefined || readProcStat(pid)?.parentPid !== process.pid) return;
    const reaped = new Promise<void>((resolve) => this.shim.reaper.watchChild(pid, () => resolve()));
    signalPid(pid, constants.signals.SIGKILL);
    await reaped;
  }
}

/** Nobody else's process may be taken for the container's, whatever a runtime writes into its pid file. */
function isOursOrGone(pid: number): boolean {
  const stat = readProcStat(pid);
  return stat === undefined || stat.parentPid === process.pid;
}
