import { closeSync, constants, openSync } from 'node:fs';
import { unreadBytes } from '../sys/files';
import type { Poller } from '../sys/poller';
import { duplicateFdOf, openPidFd } from '../sys/process';
import { setWindowSize } from '../sys/tty';
import { isRemoved, type Lingerer, type Lingering } from './lingering';
import type { StdioPaths } from './passed-stdio';
import type { ProcessIo } from './process-io';
import { Pump, type PumpOptions } from './pump';
import { closeStdioPath, enlarge, openStdioPath, reopen, type StdioPath } from './stdio-path';

export interface TerminalContext {
  readonly poller: Poller;
  readonly lingering: Lingering;
  /** Shared by all terminals. */
  readonly copyBuffer: Buffer;
  readonly onError: (error: unknown) => void;
}

/** The largest that an unprivileged user may have too (pipe(7)); it doubles what a copy passes on in a second. */
const OUTPUT_PIPE_BYTES = 1024 * 1024;

/** How long a reader may take nothing before the exit is told without it. */
const STALL_MS = 300;

/**
 * Stdio with a terminal: what the process writes is copied from the terminal's master to stdout's path, and
 * stdin's path to the master. Both FIFOs are held open at both ends, so clients may come late, go and return.
 * There is no stderr.
 */
export class TerminalIo implements ProcessIo, Lingerer {
  private masterFd: number | undefined;
  /** A second descriptor of the master: epoll takes each only once, and each direction waits by itself. */
  private inputMasterFd: number | undefined;
  private inputPump: Pump | undefined;
  private outputPump: Pump | undefined;
  private size: { readonly columns: number; readonly rows: number } | undefined;
  private stdinClosed = false;

  private constructor(
    private readonly context: TerminalContext,
    private input: StdioPath,
    private output: StdioPath,
  ) {}

  /**
   * Opens the paths; the terminal comes with attach().
   * @param options.create whether FIFOs are made where nothing is; else nothing is read or written there
   */
  static open(context: TerminalContext, paths: StdioPaths, options: { readonly create: boolean }): TerminalIo {
    const how = { ...options, nonBlocking: true };
    const input = openStdioPath(paths.stdin, 'input', how);
    try {
      return new TerminalIo(context, input, openStdioPath(paths.stdout, 'output', how));
    } catch (error) {
      closeStdioPath(input);
      throw error;
    }
  }

  get terminalFd(): number | undefined {
    return this.masterFd;
  }

  /** Starts copying. @param masterFd the terminal's master, non-blocking; belongs to this object from now on */
  attach(masterFd: number): void {
    this.masterFd = masterFd;
    if (this.size !== undefined) this.resize(this.size.columns, this.size.rows);
    this.startOutput(masterFd);
    if (this.input.kind !== 'null') this.startInput(masterFd, fdOf(this.input));
  }

  resize(columns: number, rows: number): void {
    // Before there is a terminal: a client may be that quick.
    this.size = { columns, rows };
    if (this.masterFd !== undefined) setWindowSize(this.masterFd, columns, rows);
  }

  /** What is in the FIFO, and what clients that have it open still write, is passed on; no end-of-file is typed. */
  closeStdin(): void {
    if (this.stdinClosed || this.input.kind !== 'fifo') return;
    this.stdinClosed = true;
    const { keeperFd } = this.input;
    const fd = reopen(keeperFd, constants.O_RDONLY | constants.O_NONBLOCK);
    this.input = { kind: 'file', fd };
    this.inputPump?.replace({ fromFd: fd });
    closeSync(keeperFd);
  }

  async finish(): Promise<void> {
    this.closeInput();
    await this.outputPump?.drain(STALL_MS);
    // Ended without a terminal, or at its hang-up: then endOutput was here already.
    if (this.outputPump === undefined) this.endOutput();
    else if (!this.outputPump.ended) this.context.lingering.add(this);
  }

  /** As a lingerer: a client that removes its FIFO has no late reader; the copy ends with the last reader there is. */
  isOver(): boolean {
    if (this.output.kind === 'fifo' && isRemoved(this.output.keeperFd)) {
      const { keeperFd } = this.output;
      try {
        this.dropReadEnd(keeperFd);
      } catch (error) {
        this.context.onError(error);
        this.close();
      }
    }
    return this.outputPump?.ended !== false;
  }

  /** As a lingerer: undefined also while a process that has the terminal open still is what is waited for. */
  get taken(): number | undefined {
    if (this.output.kind !== 'fifo' || this.outputPump === undefined) return undefined;
    const unread = unreadBytes(this.output.keeperFd);
    return unread === 0 ? undefined : this.outputPump.copiedBytes - unread;
  }

  close(): void {
    this.closeInput();
    this.outputPump?.close();
    closeStdioPath(this.output);
    this.output = { kind: 'null' };
    this.closeMaster();
  }

  private startOutput(masterFd: number): void {
    // Somebody must read, or the process blocks.
    if (this.output.kind === 'null') this.output = { kind: 'file', fd: openSync('/dev/null', constants.O_WRONLY) };
    if (this.output.kind === 'fifo') enlarge(this.output.keeperFd, OUTPUT_PIPE_BYTES);
    this.outputPump = this.pump({ fromFd: masterFd, toFd: fdOf(this.output), fromTerminal: true, onEnd: () => this.endOutput() });
  }

  private startInput(masterFd: number, fromFd: number): void {
    const selfFd = openPidFd(process.pid);
    try {
      this.inputMasterFd = duplicateFdOf(selfFd, masterFd);
    } finally {
      closeSync(selfFd);
    }
    this.inputPump = this.pump({ fromFd, toFd: this.inputMasterFd, onEnd: () => this.closeInput() });
  }

  private pump(options: Omit<PumpOptions, 'buffer' | 'onError'>): Pump {
    const { poller, copyBuffer: buffer, onError } = this.context;
    return new Pump(poller, { ...options, buffer, onError });
  }

  private closeInput(): void {
    this.inputPump?.close();
    closeStdioPath(this.input);
    this.input = { kind: 'null' };
    if (this.inputMasterFd !== undefined) closeSync(this.inputMasterFd);
    this.inputMasterFd = undefined;
  }

  private endOutput(): void {
    const { output } = this;
    this.output = { kind: 'null' };
    if (output.kind === 'fifo') this.context.lingering.addKeeper(output.keeperFd);
    else closeStdioPath(output);
    this.closeMaster();
  }

  private dropReadEnd(keeperFd: number): void {
    const fd = reopen(keeperFd, constants.O_WRONLY | constants.O_NONBLOCK);
    this.output = { kind: 'file', fd };
    this.outputPump?.replace({ toFd: fd });
    closeSync(keeperFd);
  }

  private closeMaster(): void {
    if (this.masterFd !== undefined) closeSync(this.masterFd);
    this.masterFd = undefined;
  }
}

function fdOf(opened: Exclude<StdioPath, { kind: 'null' }>): number {
  return opened.kind === 'fifo' ? opened.keeperFd : opened.fd;
}
