import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { packedSize, readKept } from '../../runtime/foreign/kept';
import { type KeptFile, type Series, keptFileName, numbersOf, packedName, parseKeptName } from '../../runtime/kept-output/file-names';
import { type Hold, holdsIn, isStanding, isUnread } from '../../runtime/kept-output/holds';
import type { KeptOutput, OutputStream } from '../../runtime/kept-output/kept-output';
import { tryLockFile } from '../../sys/files/files';
import { isFull } from '../../sys/shortage';
import { errorCodeOf } from '../../sys/thrown';

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;
const FILE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

/** What is open while the directory is claimed. */
interface Claimed {
  readonly dirFd: number;
  number: number;
  fd: number;
  size: number;
}

/**
 * The files that one stream's output is kept in: the end of a row of them, which other streams, and copiers of other shims, may write to as well.
 * So whoever writes claims the directory first (a lock that dies with its holder), and has nothing open in between.
 */
export class KeptFiles {
  readonly series: Series;
  /** Of one file. */
  private readonly mostBytes: number;
  private claimed: Claimed | undefined;

  constructor(
    private readonly output: KeptOutput,
    stream: OutputStream,
  ) {
    this.series = output.format === 'cri' ? 'output' : stream;
    // The promise is about both streams together.
    this.mostBytes = output.format === 'cri' ? output.maxSizeBytes : Math.floor(output.maxSizeBytes / 2);
  }

  /** Opens the newest file; nothing where it is open already. @returns whether nobody else has the directory @throws the system's error */
  claim(): boolean {
    if (this.claimed !== undefined) return true;
    const dirFd = this.openDirectory();
    try {
      if (!tryLockFile(dirFd)) {
        closeSync(dirFd);
        return false;
      }
      const number = this.newest();
      this.claimed = { dirFd, ...this.open(number) };
      return true;
    } catch (error) {
      closeSync(dirFd);
      throw error;
    }
  }

  release(): void {
    if (this.claimed === undefined) return;
    closeSync(this.claimed.fd);
    closeSync(this.claimed.dirFd);
    this.claimed = undefined;
  }

  /** How many bytes the newest file has room for. It must be claimed, as for all that follows. */
  get room(): number {
    return Math.max(0, this.mostBytes - this.current.size);
  }

  get isEmpty(): boolean {
    return this.current.size === 0;
  }

  /** Where the next byte goes. */
  get end(): { readonly number: number; readonly position: number } {
    return { number: this.current.number, position: this.current.size };
  }

  /** Begins another file; the oldest go first. @returns whether that could be: not where a reader holds them @throws the system's error */
  rotate(): boolean {
    const { current } = this;
    const next = current.number + 1;
    if (!this.makeRoom(this.output.maxFiles - 1, this.mostBytes)) return false;
    const opened = this.open(next);
    closeSync(current.fd);
    Object.assign(current, opened);
    return true;
  }

  /**
   * Appends, as far as there is room in the file system: the oldest files go where there is none.
   * @returns how many bytes there was room for @throws the system's error
   */
  append(bytes: Buffer): number {
    const { current } = this;
    for (let at = 0; at < bytes.length; ) {
      try {
        const written = writeSync(current.fd, bytes, at, bytes.length - at, current.size);
        at += written;
        current.size += written;
      } catch (error) {
        if (!isFull(error)) throw error;
        if (!this.removeOldest()) return at;
      }
    }
    return bytes.length;
  }

  /**
   * How much of what was to be written at a place is there, and whether it is the file's last.
   * @returns undefined where the file has been removed
   */
  writtenOf(bytes: Buffer, number: number, position: number): { readonly length: number; readonly isLast: boolean } | undefined {
    const there = readKept({ path: this.pathOf({ series: this.series, number }), offset: position, length: bytes.length });
    if (there === undefined) return undefined;
    let length = 0;
    while (length < there.length && there[length] === bytes[length]) length += 1;
    return { length, isLast: number === this.current.number && this.current.size === position + length };
  }

  /** Removes the files whose last line is older, and begins another where the newest was begun before: it is removed in its turn. @param beforeMs since 1970 @throws the system's error */
  removeOlder(beforeMs: number): void {
    const { current } = this;
    const { birthtimeMs } = fstatSync(current.fd);
    // 0: the file system does not know.
    if (current.size > 0 && birthtimeMs > 0 && birthtimeMs < beforeMs) this.rotate();
    for (const number of this.numbers()) {
      const name = keptFileName({ series: this.series, number });
      const file = number === current.number ? undefined : (this.describe(name) ?? this.describe(packedName(name)));
      if (file === undefined || file.writtenMs >= beforeMs) continue;
      if (this.holds().some((hold) => isUnread(hold, file, this.wholeSizeOf(file)))) return;
      this.unlink(file);
    }
  }

  private get current(): Claimed {
    if (this.claimed === undefined) throw new Error(`${this.output.dir} is not claimed`);
    return this.claimed;
  }

  private openDirectory(): number {
    const { dir } = this.output;
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    try {
      return openSync(dir, flags);
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') throw error;
      mkdirSync(dir, { recursive: true, mode: DIRECTORY_MODE });
      return openSync(dir, flags);
    }
  }

  private open(number: number): { number: number; fd: number; size: number } {
    const fd = openSync(this.pathOf({ series: this.series, number }), FILE_FLAGS, FILE_MODE);
    return { number, fd, size: fstatSync(fd).size };
  }

  private numbers(): number[] {
    return numbersOf(this.series, readdirSync(this.output.dir));
  }

  /**
   * Removes the oldest, until so many files of the series are left at most, and so many bytes more are within what was promised of the directory.
   * @returns whether it came to that: a reader may hold one of them
   */
  private makeRoom(most: number, moreBytes: number): boolean {
    const { maxSizeBytes, maxFiles, dir } = this.output;
    const files = readdirSync(dir).flatMap((name) => this.describe(name) ?? []).sort((one, other) => one.writtenMs - other.writtenMs || one.number - other.number);
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    let own = files.filter(({ series }) => series === this.series).length;
    let holds: readonly Hold[] | undefined;
    for (const file of files) {
      const isOwn = file.series === this.series;
      if (own <= most && bytes + moreBytes <= maxSizeBytes * maxFiles) return true;
      if (!isOwn && bytes + moreBytes <= maxSizeBytes * maxFiles) continue;
      holds ??= this.holds();
      if (holds.some((hold) => isUnread(hold, file, this.wholeSizeOf(file)))) return false;
      this.unlink(file);
      bytes -= file.size;
      if (isOwn) own -= 1;
    }
    return true;
  }

  private holds(): readonly Hold[] {
    const { holdsDir } = this.output;
    return holdsDir === undefined ? [] : holdsIn(holdsDir).filter(isStanding);
  }

  /** @returns whether there was one beside the newest, which nobody holds */
  private removeOldest(): boolean {
    const [number, next] = this.numbers();
    if (number === undefined || next === undefined) return false;
    const oldest = { series: this.series, number };
    if (this.holds().some((hold) => isUnread(hold, oldest, this.wholeSizeOf(oldest)))) return false;
    this.unlink(oldest);
    return true;
  }

  /** Of one that is packed: as it was before. 0 where it is gone. */
  private wholeSizeOf(file: KeptFile): number {
    const path = this.pathOf(file);
    return statSync(path, { throwIfNoEntry: false })?.size ?? packedSize(packedName(path)) ?? 0;
  }

  /** In both ways where it has just been packed. */
  private unlink(file: KeptFile): void {
    const path = this.pathOf(file);
    for (const each of [path, packedName(path)]) rmSync(each, { force: true });
  }

  /** Nothing is written behind what is packed. */
  private newest(): number {
    const number = this.numbers().at(-1) ?? 1;
    const path = this.pathOf({ series: this.series, number });
    return existsSync(packedName(path)) && !existsSync(path) ? number + 1 : number;
  }

  private describe(name: string): (KeptFile & { readonly size: number; readonly writtenMs: number }) | undefined {
    const file = parseKeptName(name);
    const stat = file === undefined ? undefined : statSync(join(this.output.dir, name), { throwIfNoEntry: false });
    return file === undefined || stat === undefined ? undefined : { ...file, size: stat.size, writtenMs: stat.mtimeMs };
  }

  private pathOf(file: KeptFile): string {
    return join(this.output.dir, keptFileName(file));
  }
}
