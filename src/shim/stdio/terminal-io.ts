import { closeSync, constants, openSync } from 'node:fs';
import { duplicateFd, unreadBytes } from '../../sys/files/files';
import { setWindowSize } from '../../sys/tty';
import { FileCopy } from './file-copy';
import type { PipeEnds } from '../../runtime/shim-protocol';
import type { LoggerNote } from '../../runtime/state-dir/logger-note';
import { pipeEndOf } from './input-pipe';
import { Logger, type LoggerEnds } from './logger';
import type { Keep, PumpState, TerminalState } from '../handover/state';
import { isRemoved } from '../../runtime/unread-output';
import type { Lingerer } from './lingering';
import { betweenFdsOf, finishCopies, untilOpened, type StdioContext } from './passed-stdio';
import type { ProcessIo } from './process-io';
import { Pump, type PumpOptions } from './pump';
import { type StdioPaths, closePath, enlarge, reopen } from './stdio-path';
import { type End, closeEnd, endOf, endStateOf, fdOf, openEnd } from './terminal-end';
import { unreadOf, untilRead } from './until-read';

export interface TerminalContext extends StdioContext {
  /** Shared by all terminals. */
  readonly copyBuffer: Buffer;
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
  private isLingering = false;
  private logger: Logger | undefined;
  /** A logger's other pipe: a terminal has one output. */
  private silentFd: number | undefined;
  private readonly copies: FileCopy[];

  private constructor(
    private readonly context: TerminalContext,
    private input: End,
    private output: End,
  ) {
    this.copies = [input, output].flatMap((end) => (end.kind === 'oneWay' ? (end.copy ?? []) : []));
  }

  /**
   * Takes the paths; the terminal comes with attach().
   * @param opened for this program's own use; this object's from now on, also when this throws
   * @param options.create whether the process is a new one
   */
  static open(context: TerminalContext, opened: StdioPaths, options: { readonly create: boolean }): TerminalIo {
    let input: End;
    try {
      input = openEnd(context, 'stdin', opened.stdin, options);
    } catch (error) {
      closePath(opened.stdout);
      throw error;
    }
    try {
      return new TerminalIo(context, input, openEnd(context, 'stdout', opened.stdout, options));
    } catch (error) {
      closeEnd(input);
      throw error;
    }
  }

  /** Has the output go to a logger. @param ends this object's from now on */
  log(logger: Logger, { stdoutFd, stderrFd }: LoggerEnds): void {
    this.logger = logger;
    this.output = { kind: 'oneWay', fd: stdoutFd };
    this.silentFd = stderrFd;
  }

  /** The same of a process that runs already. @param stdoutFd absent: nobody has held it, and the logger has seen the end */
  logOn(note: LoggerNote, stdoutFd: number | undefined): void {
    this.logger = Logger.resume(this.context.poller, note);
    if (stdoutFd !== undefined) this.output = { kind: 'oneWay', fd: stdoutFd };
  }

  /** See `handOver`. */
  static takeUp(context: TerminalContext, state: TerminalState): TerminalIo {
    const io = new TerminalIo(context, endOf(state.input), endOf(state.output));
    for (const copy of state.copies) io.copies.push(FileCopy.takeUp(context.copiers, copy));
    if (state.logger !== undefined) io.logger = Logger.resume(context.poller, state.logger);
    io.silentFd = state.silentFd;
    io.size = state.size;
    io.stdinClosed = state.isStdinClosed;
    io.masterFd = state.masterFd;
    io.inputMasterFd = state.inputMasterFd;
    if (state.masterFd !== undefined && state.outputPump !== undefined && io.output.kind !== 'null') {
      io.outputPump = io.outputPumpOf(state.masterFd, fdOf(io.output), state.outputPump);
    }
    if (state.inputMasterFd !== undefined && state.inputPump !== undefined && io.input.kind !== 'null') {
      io.inputPump = io.inputPumpOf(fdOf(io.input), state.inputMasterFd, state.inputPump);
    }
    return io;
  }

  handOver(keep: Keep): TerminalState & { readonly about: string; readonly dir: string } {
    const kept = (fd: number | undefined): number | undefined => (fd === undefined ? undefined : keep(fd));
    return {
      kind: 'terminal',
      about: this.context.about,
      dir: this.context.dir,
      input: endStateOf(this.input, keep),
      output: endStateOf(this.output, keep),
      masterFd: kept(this.masterFd),
      inputMasterFd: kept(this.inputMasterFd),
      size: this.size,
      isStdinClosed: this.stdinClosed,
      inputPump: this.inputPump?.handOver(),
      outputPump: this.outputPump?.handOver(),
      copies: this.copies.flatMap((copy) => copy.handOver(keep) ?? []),
      logger: this.logger?.handOver(),
      silentFd: kept(this.silentFd),
    };
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

  /** What goes to a logger goes through this program, and ends with its last holder. */
  get pipes(): PipeEnds {
    return this.logger === undefined || this.output.kind !== 'oneWay' ? {} : { stdout: pipeEndOf(this.output.fd) };
  }

  get fifoFds(): ProcessIo['fifoFds'] {
    const { input, output } = this;
    const between = betweenFdsOf(this.copies);
    return between && { ...between, ...(input.kind === 'fifo' ? { stdin: input.keeperFd } : {}), ...(output.kind === 'fifo' ? { stdout: output.keeperFd } : {}) };
  }

  get keepsOutput(): boolean {
    return this.copies.some(({ isKept }) => isKept);
  }

  ready(): Promise<void> {
    return untilOpened(this.copies);
  }

  /** The daemon holds the terminal to its end. */
  untilInputEnds(): Promise<void> {
    return Promise.resolve();
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
    const { keeperFd, endFd } = this.input;
    const fd = endFd ?? reopen(keeperFd, constants.O_RDONLY | constants.O_NONBLOCK);
    this.input = { kind: 'oneWay', fd };
    this.inputPump?.replace({ fromFd: fd });
    closeSync(keeperFd);
  }

  async untilRead(): Promise<void> {
    await this.outputPump?.drain(STALL_MS);
    // Anew at each look: close() may come meanwhile.
    await untilRead(() => unreadOf(this.output.kind === 'fifo' ? [this.output.keeperFd] : []));
  }

  async finish(): Promise<void> {
    this.closeInput();
    await this.outputPump?.drain(STALL_MS);
    if (this.outputPump?.ended === false) {
      this.linger();
    } else {
      // A second time, unless there was no terminal at all.
      this.endOutput();
      this.leaveOutput();
    }
    if (this.outputPump?.ended !== false) await this.logger?.finish();
    await finishCopies(this.copies.splice(0), this.context.lingering);
  }

  /** Its process has ended and is done with, and its output goes on without it. @param waitedMs how long nobody has taken anything of it */
  linger(waitedMs = 0): void {
    this.isLingering = true;
    this.context.lingering.add(this, waitedMs);
  }

  /** As a lingerer: a client that removes its FIFO has no late reader; the copy ends with the last reader there is. */
  isOver(): boolean {
    if (this.output.kind === 'fifo' && isRemoved(this.output.keeperFd)) {
      try {
        this.dropReadEnd(this.output);
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
    closeEnd(this.output);
    this.output = { kind: 'null' };
    for (const copy of this.copies.splice(0)) copy.close();
    this.closeMaster();
    this.endLog();
  }

  private startOutput(masterFd: number): void {
    // Somebody must read, or the process blocks.
    if (this.output.kind === 'null') this.output = { kind: 'oneWay', fd: openSync('/dev/null', constants.O_WRONLY) };
    if (this.output.kind === 'fifo') enlarge(this.output.keeperFd, OUTPUT_PIPE_BYTES);
    this.outputPump = this.outputPumpOf(masterFd, fdOf(this.output));
  }

  private startInput(masterFd: number, fromFd: number): void {
    this.inputMasterFd = duplicateFd(masterFd);
    this.inputPump = this.inputPumpOf(fromFd, this.inputMasterFd);
  }

  private outputPumpOf(fromFd: number, toFd: number, takenUp?: PumpState): Pump {
    return this.pump({ fromFd, toFd, takenUp, fromTerminal: true, onEnd: () => this.endOutput() });
  }

  private inputPumpOf(fromFd: number, toFd: number, takenUp?: PumpState): Pump {
    return this.pump({ fromFd, toFd, takenUp, onEnd: () => this.closeInput() });
  }

  private pump(options: Omit<PumpOptions, 'buffer' | 'onError'>): Pump {
    const { poller, copyBuffer: buffer, onError } = this.context;
    return new Pump(poller, { ...options, buffer, onError });
  }

  private closeInput(): void {
    this.inputPump?.close();
    closeEnd(this.input);
    this.input = { kind: 'null' };
    if (this.inputMasterFd !== undefined) closeSync(this.inputMasterFd);
    this.inputMasterFd = undefined;
  }

  /** Nothing more comes: without a terminal, or at its hang-up. */
  private endOutput(): void {
    const { output } = this;
    if (output.kind === 'fifo') {
      if (output.endFd !== undefined) closeSync(output.endFd);
      this.output = { ...output, endFd: undefined };
    } else {
      closeEnd(output);
      this.output = { kind: 'null' };
    }
    this.closeMaster();
    this.endLog();
    if (this.isLingering) this.leaveOutput();
  }

  /** To late readers, as far as nobody has read it. */
  private leaveOutput(): void {
    if (this.output.kind === 'fifo') this.context.lingering.addKeeper(this.output.keeperFd);
    this.output = { kind: 'null' };
  }

  private endLog(): void {
    if (this.silentFd !== undefined) closeSync(this.silentFd);
    this.silentFd = undefined;
    void this.logger?.finish();
  }

  private dropReadEnd({ keeperFd, endFd }: End & { readonly kind: 'fifo' }): void {
    const fd = endFd ?? reopen(keeperFd, constants.O_WRONLY | constants.O_NONBLOCK);
    this.output = { kind: 'oneWay', fd };
    this.outputPump?.replace({ toFd: fd });
    closeSync(keeperFd);
  }

  private closeMaster(): void {
    if (this.masterFd !== undefined) closeSync(this.masterFd);
    this.masterFd = undefined;
  }
}
