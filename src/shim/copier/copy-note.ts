import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { tryLockFile } from '../../sys/files/files';
import { readProcStat } from '../../sys/process/process';
import { type RateState, lineParts } from './line-rate';

// Sixteen numbers of 64 bits each, the last nine for kept output alone (a note of before has twelve: the others are 0). What changes together lies together: one write, which no kill can tear.
const HOLDER_AT = 0;
const PROGRESS_AT = 24;
const WANTED_AT = 40;
const DONE_AT = 48;
const TAKE_AT = 56;
const RATE_AT = 96;
const SIZE = 128;
const NUMBER = 8;

/** The copier that works on a stream now, or did when it died. */
export interface Holder {
  readonly pid: number;
  readonly starttime: string;
  /** Its descriptor of the client's file. */
  readonly fileFd: number;
}

export interface Progress {
  /** Outputs: the file's size before the chunk was written; between two, another figure after each. Stdin: where in the file the chunk is. */
  readonly position: number;
  /** Outputs: of the chunk that is being written, 0 between two. Stdin: of the chunk once it has been staged, else 0. */
  readonly length: number;
}

/** Of kept output: which of the staged bytes are being written, and where. */
export interface Take {
  /** So many staged bytes have been written. */
  readonly from: number;
  /** So many after them are being written; 0 between two, and, with a file, where it is the notice of dropped lines. */
  readonly length: number;
  /** Which file of the row. */
  readonly file: number;
  /** The file's size before. */
  readonly position: number;
  /** The time that goes into the file with them. */
  readonly timeNs: bigint;
}

/**
 * How far a copier is with a stream, for the one that comes after it: a file of the process's directory, without a name once that is removed.
 * Whoever has its lock copies.
 */
export class CopyNote {
  /** @param fd open for reading and writing; belongs to this object */
  private constructor(readonly fd: number) {}

  /** @throws the system's error with the path: ENOSPC too, as there is no making room later */
  static make(path: string): CopyNote {
    const note = new CopyNote(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
    try {
      writeSync(note.fd, Buffer.alloc(SIZE), 0, SIZE, 0);
      return note;
    } catch (error) {
      note.close();
      throw error;
    }
  }

  /** One that is there: its path, or a descriptor's in /proc. @throws the system's error with the path */
  static open(path: string): CopyNote {
    return new CopyNote(openSync(path, constants.O_RDWR));
  }

  /** @param fd belongs to the note from now on */
  static ofDescriptor(fd: number): CopyNote {
    return new CopyNote(fd);
  }

  /** Undefined where it is not at work any more. */
  get holder(): Holder | undefined {
    const [pid = 0n, starttime = 0n, fileFd = 0n] = this.numbers(HOLDER_AT, 3);
    const lives = pid !== 0n && readProcStat(Number(pid))?.starttime === String(starttime);
    return lives ? { pid: Number(pid), starttime: String(starttime), fileFd: Number(fileFd) } : undefined;
  }

  get progress(): Progress {
    const [position = 0n, length = 0n] = this.numbers(PROGRESS_AT, 2);
    return { position: Number(position), length: Number(length) };
  }

  set progress({ position, length }: Progress) {
    this.write(PROGRESS_AT, [position, length]);
  }

  get take(): Take {
    const [from = 0n, length = 0n, file = 0n, position = 0n, timeNs = 0n] = this.numbers(TAKE_AT, 5);
    return { from: Number(from), length: Number(length), file: Number(file), position: Number(position), timeNs };
  }

  set take({ from, length, file, position, timeNs }: Take) {
    this.write(TAKE_AT, [from, length, file, position, timeNs]);
  }

  get rate(): RateState {
    const [sinceNs = 0n, lines = 0n, dropped = 0n, within = 0n] = this.numbers(RATE_AT, 4);
    return { sinceNs, lines: Number(lines), dropped: Number(dropped), within: lineParts[Number(within)] ?? 'none' };
  }

  /** Both at once: what is written, and how it stands to the limit after it. */
  setTakeAndRate({ from, length, file, position, timeNs }: Take, { sinceNs, lines, dropped, within }: RateState): void {
    this.write(TAKE_AT, [from, length, file, position, timeNs, sinceNs, lines, dropped, lineParts.indexOf(within)]);
  }

  /** Whether another copier waits for the lock. */
  get isWanted(): boolean {
    return this.numbers(WANTED_AT, 1)[0] !== 0n;
  }

  /** Stdin: all of the file has been passed on. */
  get isDone(): boolean {
    return this.numbers(DONE_AT, 1)[0] !== 0n;
  }

  /** Takes the lock for as long as this process has the note open; where another has it, that one is asked for it. */
  tryClaim(): boolean {
    if (tryLockFile(this.fd)) return true;
    this.write(WANTED_AT, [1]);
    return false;
  }

  /** Writes who has the lock. */
  sign(fileFd: number): void {
    this.write(HOLDER_AT, [process.pid, BigInt(readProcStat(process.pid)?.starttime ?? 0), fileFd]);
    this.write(WANTED_AT, [0]);
  }

  finish(): void {
    this.write(DONE_AT, [1]);
  }

  close(): void {
    closeSync(this.fd);
  }

  private numbers(at: number, count: number): bigint[] {
    const bytes = Buffer.alloc(count * NUMBER);
    readSync(this.fd, bytes, 0, bytes.length, at);
    return Array.from({ length: count }, (_, index) => bytes.readBigUInt64LE(index * NUMBER));
  }

  private write(at: number, numbers: readonly (number | bigint)[]): void {
    const bytes = Buffer.alloc(numbers.length * NUMBER);
    numbers.forEach((number, index) => bytes.writeBigUInt64LE(BigInt(number), index * NUMBER));
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }
}
