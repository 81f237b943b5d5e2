import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../../runtime/state-dir/layout';
import { deleteArgs } from '../../runtime/oci/oci-runtime';
import { succeeded } from '../../runtime/oci/launch-runtime';
import type { RuntimeChild } from '../../runtime/oci/runtime-child';
import { readPid } from '../../runtime/state-dir/process-dir';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import { stdioTargets } from '../../runtime/state-dir/stdio-target';
import type { WaitStatus } from '../../sys/process/children';
import { faultPoint } from '../../sys/fault';
import { killPid, readProcStat } from '../../sys/process/process';
import { openTerminal } from '../../sys/tty';
import { ConsolePath } from '../stdio/console-path';
import { ShimError } from '../errors';
import { type HostStdio, launchHost } from './host-launch';
import { applyNice } from './nice';
import { launchOf, withSockets } from './launch';
import type { ManagedProcess } from './managed-process';
import { Logger } from '../stdio/logger';
import { PassedStdio } from '../stdio/passed-stdio';
import { callRuntime, runtimeError, startRuntime } from './runtime-call';
import type { Shim } from '../shim';
import { openStdioPaths } from '../stdio/stdio-path';
import { TerminalIo } from '../stdio/terminal-io';

/** How long a runtime may go on after an abort: one that finishes leaves less behind than one that is killed. */
const ABORT_GRACE_MS = 1000;

const SUCCESS: WaitStatus = { kind: 'exited', code: 0 };

/** A process that was made. */
export interface MadeProcess {
  /** A child of ours, or one that has just been reaped. */
  readonly pid: number;
  /** Where it was started here and not by a runtime, so that it is waited for already. */
  readonly exited?: Promise<WaitStatus> | undefined;
}

/** One call of the runtime that makes a process, and how it is undone. */
export class Creation {
  /** `unknown`: the runtime was killed on its way. One that fails by itself has undone all by itself. */
  private made: 'nothing' | 'unknown' | 'process' = 'nothing';
  private exited: Promise<WaitStatus> | undefined;

  constructor(
    private readonly shim: Shim,
    private readonly entry: ManagedProcess,
    private readonly record: ProcessRecord,
  ) {}

  /**
   * Opens the stdio, calls the runtime and waits for its end. With an error, call undo().
   * @throws ShimError or the system's error
   */
  async run(): Promise<MadeProcess> {
    await (this.record.spec.terminal === true ? this.runWithTerminal() : this.runPassingStdio());
    faultPoint('shim.take.after-create');
    this.throwIfAborted();
    const pid = readPid(this.entry.identity.dir);
    // It said that it had made one.
    if (pid === undefined) throw runtimeError(this.entry, SUCCESS);
    if (!isOursOrGone(pid)) throw new ShimError('shim-error', `the runtime's process ${pid} is not a child of the shim`);
    if (!this.record.exec && this.record.checkpoint === '' && !this.entry.isOnHost) applyNice(pid, this.record.spec);
    return { pid, exited: this.exited };
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
    const opened = await openStdioPaths(shim, record, { isNew: true, makesFifos: !entry.isKept }, entry.abortion.signal);
    // No client of host programs knows the pipe of containerd's; and a FIFO outlives daemon and shim where both die at once.
    const io = PassedStdio.open(opened, record, shim.stdioContext(entry), { pipesInput: entry.isKept && !entry.isOnHost });
    entry.hold(shim.poller, io);
    this.checkRoom();
    await this.startLogger(io);
    if (entry.isOnHost) {
      await this.launchOnHost(io.passed);
      io.closePassed();
    } else {
      const child = await withSockets(shim, record, async (sockets) => {
        const launch = await launchOf(shim, entry, record, { sockets });
        faultPoint('shim.take.before-create');
        return await startRuntime(shim, { program: entry.command.program, ...launch, ...io.passed, more: sockets, signal: entry.abortion.signal });
      });
      io.closePassed();
      this.judge(await this.untilEnd(child));
    }
    await io.ready();
  }

  private async runWithTerminal(): Promise<void> {
    const { shim, entry, record } = this;
    const opened = await openStdioPaths(shim, record, { isNew: true, makesFifos: !entry.isKept }, entry.abortion.signal);
    const io = TerminalIo.open(shim.stdioContext(entry), opened, { create: true });
    entry.hold(shim.poller, io);
    this.checkRoom();
    await this.startLogger(io);
    if (entry.isOnHost) await this.launchOnHostWithTerminal(io);
    else await this.createWithTerminal(io);
    await io.ready();
  }

  private async createWithTerminal(io: TerminalIo): Promise<void> {
    const { shim, entry, record } = this;
    const { signal } = entry.abortion;
    const consolePath = ConsolePath.open(shim.poller, entry.identity.dir);
    const close = (): void => consolePath.close();
    signal.addEventListener('abort', close);
    try {
      const child = await withSockets(shim, record, async (sockets) => {
        const launch = await launchOf(shim, entry, record, { consoleSocket: consolePath.path, sockets });
        faultPoint('shim.take.before-create');
        return await startRuntime(shim, { program: entry.command.program, ...launch, more: sockets, signal });
      });
      this.judge(await this.untilEnd(child));
      io.attach(await consolePath.takeTerminal());
    } finally {
      signal.removeEventListener('abort', close);
      consolePath.close();
    }
  }

  /** What is made of it when it fails, `delete` takes away: see undo(). */
  private async launchOnHost(stdio: HostStdio): Promise<void> {
    const { shim, entry, record } = this;
    faultPoint('shim.take.before-create');
    this.made = 'unknown';
    const { exited } = await launchHost(shim, entry, record, stdio);
    this.made = 'process';
    this.exited = exited;
    this.throwIfAborted();
  }

  private async launchOnHostWithTerminal(io: TerminalIo): Promise<void> {
    const { masterFd, slavePath } = openTerminal();
    try {
      await this.launchOnHost({ terminal: slavePath });
    } catch (error) {
      closeSync(masterFd);
      throw error;
    }
    io.attach(masterFd);
  }

  /** The program that is to read the output, if the client has named one: it runs before there is a process. */
  private async startLogger(io: PassedStdio | TerminalIo): Promise<void> {
    const { shim, entry, record } = this;
    const { stdout } = stdioTargets(record, record.spec.terminal === true);
    if (stdout.kind !== 'logger') return;
    const { logger, ends } = await Logger.start(shim, stdout, entry.identity, entry.abortion.signal);
    io.log(logger, ends, record);
  }

  /** A process that took the last descriptors would cost those that are here already their ends. */
  private checkRoom(): void {
    const { heldExitFd, identity } = this.entry;
    if (heldExitFd !== undefined) this.shim.descriptors.check(heldExitFd, join(identity.dir, files.exit));
  }

  private async untilEnd(child: RuntimeChild): Promise<WaitStatus> {
    const { signal } = this.entry.abortion;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => child.kill(), ABORT_GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    try {
      return await child.ended;
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
    const reaped = this.exited ?? new Promise<void>((resolve) => this.shim.reaper.watchChild(pid, () => resolve()));
    killPid(pid);
    await reaped;
  }
}

/** Nobody else's process may be taken for the container's, whatever a runtime writes into its pid file. */
function isOursOrGone(pid: number): boolean {
  const stat = readProcStat(pid);
  return stat === undefined || stat.parentPid === process.pid;
}
