import { closeSync, constants } from 'node:fs';
import { type OpenedStdio, type Owner, giveTo } from '../../runtime/foreign/stdio';
import type { PipeEnds } from '../../runtime/shim-protocol';
import type { StreamName } from '../../runtime/state-dir/between';
import type { LoggerNote } from '../../runtime/state-dir/logger-note';
import { type StdioNames, type StdioTarget, stdioTargets } from '../../runtime/state-dir/stdio-target';
import { closeAside } from '../../sys/files/aside';
import type { Poller } from '../../sys/poller';
import { FileCopy, type Copiers } from './file-copy';
import type { Keep, PassedState } from '../handover/state';
import { InputPipe } from './input-pipe';
import { Logger, type LoggerEnds } from './logger';
import type { Lingering } from './lingering';
import type { ProcessIo } from './process-io';
import { type OpenedPath, closePath, closeStdioPaths, enlarge, keptOf, nameOf, OUTPUT_PIPE_BYTES, reopen, type StdioPaths } from './stdio-path';
import { unreadOf, untilRead } from './until-read';

export interface StdioContext {
  /** The process's directory. */
  readonly dir: string;
  /** For log lines. */
  readonly about: string;
  readonly poller: Poller;
  readonly lingering: Lingering;
  readonly copiers: Copiers;
  readonly onError: (error: unknown) => void;
}

/** A read end of the FIFO between an output and a plain file, the receiver's from then on; undefined where nobody holds it. */
export type HeldBetween = (name: StreamName) => number | undefined;

/** How long an exit waits for a file that takes nothing: one of a disk that is only slow is to be whole when the exit is told. */
export const FILE_STALL_MS = 3000;

const outputs = ['stdout', 'stderr'] as const;
const names: readonly StreamName[] = ['stdin', ...outputs];

/**
 * Stdio without a terminal: the process gets the FIFOs themselves, nothing is copied; in the place of a file, and where its output is kept, it gets a
 * FIFO of ours, and of a stdin that is a call of its client's to close, a pipe (see InputPipe). This side holds each
 * FIFO open at both ends, so that clients may come late, go and come back: the outputs for as long as
 * the process lives, stdin until it is told to close it, as a process sees the end of its input
 * once no write end is open.
 */
export class PassedStdio implements ProcessIo {
  readonly terminalFd = undefined;
  private readonly keeperFds = new Map<StreamName, number>();
  private readonly passedFds = new Map<StreamName, number>();

  private readonly copies: FileCopy[] = [];
  private input: InputPipe | undefined;
  /** `fds`: write ends of its pipes, held so that it waits for whoever of the process writes to it last. */
  private logged: { readonly logger: Logger; readonly fds: readonly number[] } | undefined;

  private constructor(private readonly context: StdioContext) {}

  /**
   * For a new process: holds the paths open, and what it is to be given (see `passed`).
   * @param opened this object's from now on, also when this throws
   * @param record who the process's root is, and what was opened
   * @param options.pipesInput whether a FIFO that is its stdin comes to it through a pipe
   */
  static open(opened: StdioPaths, record: Owner & StdioNames, context: StdioContext, options: { readonly pipesInput: boolean }): PassedStdio {
    const targets = stdioTargets(record, false);
    return new PassedStdio(context).opening(opened, (stdio, name) => {
      if (name === 'stderr' && opened.stderr.kind === 'file' && isSameFile(targets.stdout, targets.stderr)) stdio.shareOutput(opened.stderr);
      else if (name === 'stdin' && opened.stdin.kind === 'fifo' && options.pipesInput) stdio.pipeInput(opened.stdin, record);
      else stdio.openForNew(name, opened[name], record);
    });
  }

  /**
   * For a process that runs already: holds its FIFOs open, as far as they are still there.
   * @param opened as for `open`
   * @param inputFd the write end of the pipe that is its stdin; this object's from now on, also when this throws
   * @param held gives what is between an output and a file, where somebody holds it @param note which process reads its output
   */
  static keep(opened: StdioPaths, context: StdioContext, held: HeldBetween, inputFd?: number, note?: LoggerNote): PassedStdio {
    const stdio = new PassedStdio(context);
    if (note !== undefined) stdio.logged = { logger: Logger.resume(context.poller, note), fds: [] };
    const { stdin } = opened;
    if (inputFd === undefined || stdin.kind !== 'fifo') {
      if (inputFd !== undefined) closeSync(inputFd);
      return stdio.opening(opened, (_, name) => { stdio.openForRunning(name, opened[name], held); });
    }
    stdio.input = InputPipe.resume(context, stdin.keeperFd, inputFd);
    return stdio.opening({ ...opened, stdin: { kind: 'null' } }, (_, name) => { if (name !== 'stdin') stdio.openForRunning(name, opened[name], held); });
  }

  /** See `handOver`. */
  static takeUp(state: PassedState, context: StdioContext): PassedStdio {
    const stdio = new PassedStdio(context);
    for (const name of names) {
      const fd = state.keepers[name];
      if (fd !== undefined) stdio.keeperFds.set(name, fd);
    }
    for (const copy of state.copies) stdio.copies.push(FileCopy.takeUp(context.copiers, copy));
    if (state.logger !== undefined) stdio.logged = { logger: Logger.resume(context.poller, state.logger.note), fds: state.logger.fds };
    if (state.input !== undefined) stdio.input = InputPipe.takeUp(context, state.input);
    return stdio;
  }

  /**
   * What the process is to be given: one way each and blocking; an absent one is the null device. Owned here
   * until closePassed, to be called once the process has its own.
   */
  get passed(): { readonly [P in StreamName]?: number } {
    return Object.fromEntries(this.passedFds);
  }

  closePassed(): void {
    closeAll(this.passedFds, names);
  }

  /** Has both outputs go to a logger. @param ends this object's from now on */
  log(logger: Logger, { stdoutFd, stderrFd }: LoggerEnds, owner: Owner): void {
    this.logged = { logger, fds: [stdoutFd, stderrFd] };
    for (const [name, fd] of [['stdout', stdoutFd], ['stderr', stderrFd]] as const) {
      const endFd = reopen(fd, constants.O_WRONLY);
      this.passedFds.set(name, endFd);
      giveTo(owner, endFd);
    }
  }

  get pipes(): PipeEnds {
    const stdin = this.input?.end;
    return stdin === undefined ? {} : { stdin };
  }

  get fifoFds(): ProcessIo['fifoFds'] {
    const input = this.input?.fifoFd;
    const between = betweenFdsOf(this.copies);
    return between && { ...between, ...Object.fromEntries(this.keeperFds), ...(input === undefined ? {} : { stdin: input }) };
  }

  get keepsOutput(): boolean {
    return this.copies.some(({ isKept }) => isKept);
  }

  ready(): Promise<void> {
    return untilOpened(this.copies);
  }

  closeStdin(): void {
    this.input?.closeStdin();
    closeAll(this.keeperFds, ['stdin']);
  }

  untilInputEnds(): Promise<void> {
    return this.input?.ended ?? Promise.resolve();
  }

  resize(): void {
    // There is no terminal.
  }

  handOver(keep: Keep): PassedState {
    return {
      kind: 'passed',
      keepers: Object.fromEntries([...this.keeperFds].map(([name, fd]) => [name, keep(fd)])),
      copies: this.copies.flatMap((copy) => copy.handOver(keep) ?? []),
      input: this.input?.handOver(keep),
      logger: this.logged && { note: this.logged.logger.handOver(), fds: this.logged.fds.map(keep) },
    };
  }

  untilRead(): Promise<void> {
    // Anew at each look: close() may come meanwhile.
    return untilRead(() => unreadOf(outputs.flatMap((name) => this.keeperFds.get(name) ?? [])));
  }

  async finish(): Promise<void> {
    this.input?.close();
    this.closeStdin();
    const { lingering } = this.context;
    for (const keeperFd of this.keeperFds.values()) lingering.addKeeper(keeperFd);
    this.keeperFds.clear();
    await Promise.all([finishCopies(this.copies.splice(0), lingering), this.endLog()]);
  }

  close(): void {
    closeAll(this.passedFds, names);
    closeAll(this.keeperFds, names);
    this.input?.close();
    void this.endLog();
    for (const copy of this.copies.splice(0)) copy.close();
  }

  /** The logger sees the end of its input, unless a process that is left has it open still. Resolves when it has ended. */
  private async endLog(): Promise<void> {
    const { logged } = this;
    this.logged = undefined;
    if (logged === undefined) return;
    for (const fd of logged.fds) closeSync(fd);
    await logged.logger.finish();
  }

  private opening(opened: StdioPaths, open: (stdio: PassedStdio, name: StreamName) => void): this {
    let rest = opened;
    try {
      for (const name of names) {
        rest = { ...rest, [name]: { kind: 'null' } };
        open(this, name);
      }
      return this;
    } catch (error) {
      closeStdioPaths(rest);
      this.close();
      throw error;
    }
  }

  private openForNew(name: StreamName, opened: OpenedPath, owner: Owner): void {
    if (opened.kind === 'file' || opened.kind === 'kept') {
      const { copy, endFd } = FileCopy.make(this.context.copiers, { ...this.context, name, kept: keptOf(opened) }, opened.fileFd, 0);
      this.copies.push(copy);
      this.passedFds.set(name, endFd);
      giveTo(owner, endFd);
    }
    if (opened.kind === 'given') this.passedFds.set(name, opened.endFd);
    if (opened.kind === 'fifo') {
      this.keeperFds.set(name, opened.keeperFd);
      if (name !== 'stdin') enlarge(opened.keeperFd, OUTPUT_PIPE_BYTES);
      if (opened.endFd !== undefined) this.passedFds.set(name, opened.endFd);
    }
  }

  private pipeInput({ keeperFd, endFd: fifoEndFd }: OpenedStdio & { readonly kind: 'fifo' }, owner: Owner): void {
    if (fifoEndFd !== undefined) closeSync(fifoEndFd);
    // Until the pipe has it.
    this.keeperFds.set('stdin', keeperFd);
    const { input, endFd } = InputPipe.make(this.context, keeperFd);
    this.keeperFds.delete('stdin');
    this.input = input;
    this.passedFds.set('stdin', endFd);
    giveTo(owner, endFd);
  }

  /** Both outputs go to one file: through one FIFO, so that they come in the order in which they were written, each write whole (pipe(7), PIPE_BUF). */
  private shareOutput(opened: OpenedPath): void {
    closePath(opened);
    const stdoutFd = this.passedFds.get('stdout');
    if (stdoutFd !== undefined) this.passedFds.set('stderr', reopen(stdoutFd, constants.O_WRONLY));
  }

  private openForRunning(name: StreamName, opened: OpenedPath, held: HeldBetween): void {
    let isTaken = false;
    const findFile = (): number => {
      isTaken = true;
      return nameOf(opened);
    };
    const resumed = FileCopy.resume(this.context.copiers, { ...this.context, name, kept: keptOf(opened) }, findFile, undefined, () => held(name));
    if (resumed !== undefined) this.copies.push(resumed.copy);
    else if (opened.kind === 'fifo') this.keeperFds.set(name, opened.keeperFd);
    if (!isTaken && (resumed !== undefined || opened.kind === 'file' || opened.kind === 'kept')) closePath(opened);
  }
}

/** The read ends of FIFOs between outputs and plain files, as members of `ProcessIo.fifoFds`. */
export function betweenFdsOf(copies: readonly FileCopy[]): ProcessIo['fifoFds'] {
  const between = copies.filter(({ direction, isKept, isEnded }) => direction === 'output' && !isKept && !isEnded);
  if (between.some(({ stream }) => stream === undefined)) return undefined;
  return Object.fromEntries(between.map(({ stream, ends }) => [stream, ends.fifoFd])) as ProcessIo['fifoFds'];
}

function isSameFile(one: StdioTarget, other: StdioTarget): boolean {
  return 'path' in one && 'path' in other && one.path === other.path;
}

/** How long a start waits for a file that a copier cannot open: with its file system the output hangs, and nothing else. */
const OPEN_MS = 1000;

/** Resolves when the copies go on whoever dies. */
export async function untilOpened(copies: readonly FileCopy[]): Promise<void> {
  if (copies.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, OPEN_MS);
  });
  await Promise.race([late, Promise.all(copies.map(({ opened }) => opened))]);
  clearTimeout(timer);
}

/** After the end of a process: waits for what it wrote to be in its files, and leaves what lasts longer to linger. */
export async function finishCopies(copies: readonly FileCopy[], lingering: Lingering): Promise<void> {
  await Promise.all(copies.map((copy) => copy.flush(FILE_STALL_MS)));
  for (const copy of copies) {
    if (copy.direction === 'input') copy.close();
    else lingering.add(copy);
  }
}

function closeAll(fds: Map<StreamName, number>, which: readonly StreamName[]): void {
  for (const name of which) {
    const fd = fds.get(name);
    fds.delete(name);
    if (fd !== undefined) void closeAside(fd);
  }
}
