import { closeSync, constants } from 'node:fs';
import type { Lingering } from './lingering';
import type { ProcessIo } from './process-io';
import { closeStdioPath, enlarge, openStdioPath, reopen } from './stdio-path';

type Name = 'stdin' | 'stdout' | 'stderr';

/** The client's paths; an empty one is the null device. */
export type StdioPaths = { readonly [P in Name]: string };

/**
 * Writer and reader wake each other less often: more than twice as much goes through as with the usual 64 KiB
 * (docs/performance.md). 1 MiB gives a tenth more, for 10 KiB of the kernel's memory for each FIFO instead of 2.5.
 */
const OUTPUT_PIPE_BYTES = 256 * 1024;

const names: readonly Name[] = ['stdin', 'stdout', 'stderr'];

/**
 * Stdio without a terminal: the process gets the FIFOs or files themselves, nothing is copied. This side holds each
 * FIFO open at both ends, so that clients may come late, go and come back: the outputs for as long as
 * the process lives, stdin until it is told to close it, as a process sees the end of its input
 * once no write end is open.
 */
export class PassedStdio implements ProcessIo {
  readonly terminalFd = undefined;
  private readonly keeperFds = new Map<Name, number>();
  private readonly passedFds = new Map<Name, number>();

  private constructor(private readonly lingering: Lingering) {}

  /** For a new process: holds the paths open, and opens what it is to be given (see `passed`). */
  static open(paths: StdioPaths, lingering: Lingering): PassedStdio {
    const stdio = new PassedStdio(lingering);
    return stdio.opening(() => {
      for (const name of names) stdio.openForNew(name, paths[name]);
    });
  }

  /** For a process that runs already: holds its FIFOs open, as far as they are still there. */
  static keep(paths: StdioPaths, lingering: Lingering): PassedStdio {
    const stdio = new PassedStdio(lingering);
    return stdio.opening(() => {
      for (const name of names) stdio.openForRunning(name, paths[name]);
    });
  }

  /**
   * What the process is to be given: one way each and blocking; an absent one is the null device. Owned here
   * until closePassed, to be called once the process has its own.
   */
  get passed(): { readonly [P in Name]?: number } {
    return Object.fromEntries(this.passedFds);
  }

  closePassed(): void {
    closeAll(this.passedFds, names);
  }

  closeStdin(): void {
    closeAll(this.keeperFds, ['stdin']);
  }

  resize(): void {
    // There is no terminal.
  }

  finish(): Promise<void> {
    this.closeStdin();
    for (const keeperFd of this.keeperFds.values()) this.lingering.addKeeper(keeperFd);
    this.keeperFds.clear();
    return Promise.resolve();
  }

  close(): void {
    closeAll(this.passedFds, names);
    closeAll(this.keeperFds, names);
  }

  private opening(open: () => void): this {
    try {
      open();
      return this;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private openForNew(name: Name, path: string): void {
    const opened = openStdioPath(path, directionOf(name), { create: true });
    if (opened.kind === 'file') this.passedFds.set(name, opened.fd);
    if (opened.kind === 'fifo') {
      this.keeperFds.set(name, opened.keeperFd);
      if (name !== 'stdin') enlarge(opened.keeperFd, OUTPUT_PIPE_BYTES);
      this.passedFds.set(name, reopen(opened.keeperFd, name === 'stdin' ? constants.O_RDONLY : constants.O_WRONLY));
    }
  }

  private openForRunning(name: Name, path: string): void {
    const opened = openStdioPath(path, directionOf(name), { create: false });
    if (opened.kind === 'fifo') this.keeperFds.set(name, opened.keeperFd);
    else closeStdioPath(opened);
  }
}

function directionOf(name: Name): 'input' | 'output' {
  return name === 'stdin' ? 'input' : 'output';
}

function closeAll(fds: Map<Name, number>, which: readonly Name[]): void {
  for (const name of which) {
    const fd = fds.get(name);
    fds.delete(name);
    if (fd !== undefined) closeSync(fd);
  }
}
