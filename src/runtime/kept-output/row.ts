import { join } from 'node:path';
import type { ForeignFiles } from '../foreign/foreign-files';
import type { KeptListing } from '../foreign/kept';
import { MOST_TEXT_BYTES } from './cri-format';
import type { Place } from './cursor';
import { type Series, keptFileName } from './file-names';
import { type SplitEntry, split } from './split';
import { splitTogether } from './split-together';

/** More than the longest line takes in its file. */
const BLOCK_BYTES = 128 * 1024;

/** With its time and stream. */
const LONGEST_LINE_BYTES = MOST_TEXT_BYTES + 64;

/** What reads the files, without this thread's waiting for a disk. */
export type KeptSource = Pick<ForeignFiles, 'listKept' | 'readKept'>;

/** What was read at a place, and where reading goes on. */
export interface Batch {
  readonly entries: readonly (SplitEntry & { readonly place: Place })[];
  readonly next: Place;
  /** Before the entries, about so many bytes of the files were rotated away unread. */
  readonly missedBytes: number;
}

/** A row of files, as it is when it is looked at. */
export class Row {
  /** Of files that nothing more is written to, as they were seen. */
  readonly #wholeSizes = new Map<number, number>();
  /** Of the largest that has been seen: those that nobody has seen were as large, but for a line. */
  #usualSize = 0;

  constructor(
    private readonly files: KeptSource,
    private readonly dir: string,
    readonly series: Series,
    private readonly signal: AbortSignal,
  ) {}

  /** The files, rising by number. */
  async list(): Promise<readonly KeptListing[]> {
    const all = await this.files.listKept(this.dir, this.signal);
    const files = all.filter(({ series }) => series === this.series).sort((one, other) => one.number - other.number);
    this.#remember(files);
    return files;
  }

  /** What there is of a block; undefined where the file is not there any more. */
  block(number: number, offset: number, length = BLOCK_BYTES): Promise<Buffer | undefined> {
    return this.files.readKept({ path: join(this.dir, keptFileName({ series: this.series, number })), offset, length }, this.signal);
  }

  /**
   * Reads on at a place, into the next file where that one is through.
   * @param how.end no further; absent: as far as there is something
   * @param how.isTogether lines of one time need not be told apart
   * @returns undefined where there is no more for now
   */
  async read(place: Place, { end, isTogether }: { readonly end?: Place | undefined; readonly isTogether: boolean }): Promise<Batch | undefined> {
    let at = place;
    let missedBytes = 0;
    for (;;) {
      const most = end !== undefined && at.number >= end.number ? Math.max(0, end.offset - at.offset) : BLOCK_BYTES;
      if (end !== undefined && at.number > end.number) return undefined;
      // Before the read: a file that has a next one is through.
      const later = (await this.list()).find(({ number }) => number > at.number);
      const size = this.#wholeSizes.get(at.number);
      const bytes = most === 0 ? Buffer.alloc(0) : await this.block(at.number, at.offset, Math.min(most, BLOCK_BYTES));
      const entries = bytes === undefined ? [] : this.split(bytes, at, isTogether);
      const last = entries.at(-1);
      if (last !== undefined) return { entries, next: last.place, missedBytes };
      if (later === undefined) return undefined;
      if (bytes === undefined) missedBytes += this.#missedAt(at, size);
      missedBytes += (later.number - at.number - 1) * this.#usualSize;
      at = { number: later.number, offset: 0 };
    }
  }

  #remember(files: readonly KeptListing[]): void {
    const last = files.at(-1);
    for (const number of this.#wholeSizes.keys()) if (number < (files[0]?.number ?? 0) - 1) this.#wholeSizes.delete(number);
    for (const { number, size } of files) {
      this.#usualSize = Math.max(this.#usualSize, size);
      if (number !== last?.number) this.#wholeSizes.set(number, size);
    }
  }

  /** What there was in a file after a place. Where nobody has seen it whole, less than a line behind what was read may be what it was shorter than others. */
  #missedAt({ offset }: Place, size: number | undefined): number {
    const missed = Math.max(0, (size ?? this.#usualSize) - offset);
    return size === undefined && offset > 0 && missed <= LONGEST_LINE_BYTES ? 0 : missed;
  }

  private split(bytes: Buffer, { number, offset }: Place, isTogether: boolean): (SplitEntry & { readonly place: Place })[] {
    const isWhole = bytes.length < BLOCK_BYTES;
    return (isTogether ? splitTogether : split)(this.series, bytes, isWhole).map((entry) => ({ ...entry, place: { number, offset: offset + entry.end } }));
  }
}
