import { join } from 'node:path';
import type { ForeignFiles } from '../foreign/foreign-files';
import type { KeptListing } from '../foreign/kept';
import type { Place } from './cursor';
import { type Series, keptFileName } from './file-names';
import { type SplitEntry, split } from './split';

/** More than the longest line takes in its file. */
const BLOCK_BYTES = 128 * 1024;

/** What reads the files, without this thread's waiting for a disk. */
export type KeptSource = Pick<ForeignFiles, 'listKept' | 'readKept'>;

/** What was read at a place, and where reading goes on. */
export interface Batch {
  readonly entries: readonly (SplitEntry & { readonly place: Place })[];
  readonly next: Place;
}

/** A row of files, as it is when it is looked at. */
export class Row {
  constructor(
    private readonly files: KeptSource,
    private readonly dir: string,
    readonly series: Series,
    private readonly signal: AbortSignal,
  ) {}

  /** The files, rising by number. */
  async list(): Promise<readonly KeptListing[]> {
    const files = await this.files.listKept(this.dir, this.signal);
    return files.filter(({ series }) => series === this.series).sort((one, other) => one.number - other.number);
  }

  /** What there is of a block; undefined where the file is not there any more. */
  block(number: number, offset: number, length = BLOCK_BYTES): Promise<Buffer | undefined> {
    return this.files.readKept({ path: join(this.dir, keptFileName({ series: this.series, number })), offset, length }, this.signal);
  }

  /**
   * Reads on at a place, into the next file where that one is through.
   * @param end no further; absent: as far as there is something
   * @returns undefined where there is no more for now
   */
  async read(place: Place, end?: Place): Promise<Batch | undefined> {
    let at = place;
    for (;;) {
      const most = end !== undefined && at.number >= end.number ? Math.max(0, end.offset - at.offset) : BLOCK_BYTES;
      if (end !== undefined && at.number > end.number) return undefined;
      // Before the read: a file that has a next one is through.
      const later = (await this.list()).find(({ number }) => number > at.number);
      const bytes = most === 0 ? Buffer.alloc(0) : await this.block(at.number, at.offset, Math.min(most, BLOCK_BYTES));
      const entries = bytes === undefined ? [] : this.split(bytes, at);
      const last = entries.at(-1);
      if (last !== undefined) return { entries, next: last.place };
      if (later === undefined) return undefined;
      at = { number: later.number, offset: 0 };
    }
  }

  private split(bytes: Buffer, { number, offset }: Place): (SplitEntry & { readonly place: Place })[] {
    const isWhole = bytes.length < BLOCK_BYTES;
    return split(this.series, bytes, isWhole).map((entry) => ({ ...entry, place: { number, offset: offset + entry.end } }));
  }
}
