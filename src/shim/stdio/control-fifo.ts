import { closeSync, constants, openSync } from 'node:fs';
import { readSome } from '../../sys/files/files';
import type { Keep, ProcessState } from '../handover/state';
import type { Poller, Watch } from '../../sys/poller';

/** What the control FIFO's lines mean; other types are not looked at, as in the original. */
export type ControlCommand =
  | { readonly kind: 'closeStdin' }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number };

const CLOSE_STDIN = 0;
const RESIZE = 1;
// winsize holds unsigned shorts (ioctl_tty(2)).
const LARGEST_SIZE = 0xffff;
// Far beyond three numbers: what is longer is garbage.
const LONGEST_LINE = 256;

/** Takes the lines `<type> <width> <height>` out of what comes, however it is split; drops what is not one. */
export class ControlParser {
  constructor(private rest = '') {}

  /** What has come of a line that has no end yet. */
  get pending(): string {
    return this.rest;
  }

  push(chunk: string): readonly ControlCommand[] {
    const lines = (this.rest + chunk).split('\n');
    const last = lines.pop() ?? '';
    this.rest = last.length > LONGEST_LINE ? 'x' : last;
    return lines.flatMap((line) => parseLine(line) ?? []);
  }
}

function parseLine(line: string): ControlCommand | undefined {
  const match = /^\s*(\d{1,9})(?:\s+(\d{1,9})\s+(\d{1,9}))?\s*$/.exec(line);
  if (match === null) return undefined;
  const [type, columns, rows] = match.slice(1, 4).map((digits) => Number(digits ?? '0'));
  if (type === CLOSE_STDIN) return { kind: 'closeStdin' };
  if (type !== RESIZE || columns === undefined || rows === undefined) return undefined;
  return columns > LARGEST_SIZE || rows > LARGEST_SIZE ? undefined : { kind: 'resize', columns, rows };
}

/**
 * The shim's end of a process's control FIFO. Open for reading and writing, so that a daemon that comes and goes
 * is not seen; what a daemon wrote before an adoption is still in it while anyone holds it open.
 */
export class ControlFifo {
  private readonly parser: ControlParser;
  private readonly watch: Watch;
  private fd: number | undefined;

  /** @param rest of a line that another program has begun to read */
  private constructor(poller: Poller, fd: number, rest: string, onCommand: (command: ControlCommand) => void) {
    this.fd = fd;
    this.parser = new ControlParser(rest);
    try {
      // One read a turn: the poller comes again while there is more.
      this.watch = poller.watch(fd, { in: true }, () => {
        // Not kept: of a small buffer all of the pool is kept that it is cut from (64 KiB with Node 24).
        const buffer = Buffer.allocUnsafe(LONGEST_LINE);
        const count = readSome(fd, buffer);
        if (typeof count !== 'number') return;
        for (const command of this.parser.push(buffer.toString('latin1', 0, count))) onCommand(command);
      });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** @throws the system's error with the path */
  static open(poller: Poller, path: string, onCommand: (command: ControlCommand) => void): ControlFifo {
    return new ControlFifo(poller, openSync(path, constants.O_RDWR | constants.O_NONBLOCK), '', onCommand);
  }

  /** See `handOver`. */
  static takeUp(poller: Poller, state: NonNullable<ProcessState['control']>, onCommand: (command: ControlCommand) => void): ControlFifo {
    return new ControlFifo(poller, state.fd, state.rest, onCommand);
  }

  handOver(keep: Keep): ProcessState['control'] {
    return this.fd === undefined ? undefined : { fd: keep(this.fd), rest: this.parser.pending };
  }

  close(): void {
    this.watch.close();
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}
