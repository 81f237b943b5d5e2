import { readSync } from 'node:fs';
import { encodeCri } from '../../runtime/kept-output/cri-format';
import { faultPoint } from '../../sys/fault';
import type { CopyContext } from './copy';
import type { CopyNote, Take } from './copy-note';
import { KeptFiles } from './kept-files';
import { droppedNotice, isOver, judge, msLeft } from './line-rate';
import type { KeptStream } from './protocol';

/** What a turn of writing came to: `held`: a reader has to read on first. */
export type Written = 'all' | 'full' | 'held';

const NOTHING: Take = { from: 0, length: 0, file: 0, position: 0, timeNs: 0n };

/** So much of what is staged has been written, and nothing is under way. */
function between(from: number): Take {
  return { ...NOTHING, from };
}

/** Writes what is staged to where it is kept, so that the note says at each moment what of it is done: see KeptCopy. */
export class KeptWriter {
  readonly files: KeptFiles;

  /** @param onProgress something was written */
  constructor(
    private readonly parts: { readonly stagedFd: number; readonly note: CopyNote; readonly kept: KeptStream },
    private readonly context: Pick<CopyContext, 'scratch' | 'clock'>,
    private readonly onProgress: () => void,
  ) {
    this.files = new KeptFiles(parts.kept.output, parts.kept.stream);
  }

  /** A notice of dropped lines was begun, and is to be finished: nothing that is staged stands for it. */
  get isNoticeUnderWay(): boolean {
    const { length, file } = this.parts.note.take;
    return length === 0 && file > 0;
  }

  /** There are lines that the output does not tell of. */
  get hasDropped(): boolean {
    return this.parts.kept.output.rate !== undefined && this.parts.note.rate.dropped > 0;
  }

  /** Nothing is staged any more. */
  clearNote(): void {
    this.parts.note.take = NOTHING;
  }

  /** All from where the note says. The directory is claimed, as for all that writes. @param size of what is staged */
  write(size: number): Written {
    const { note } = this.parts;
    const { rate } = this.parts.kept.output;
    let { from } = note.take;
    const staged = this.staged(from, size - from);
    for (let rest = staged; rest.length > 0; rest = staged.subarray(staged.length - (size - from))) {
      const timeNs = this.context.clock.nowNs();
      if (rate !== undefined && isOver(rate, note.rate, timeNs)) {
        const told = note.rate.dropped === 0 ? 'all' : this.writeNotice(from);
        if (told !== 'all') return told;
        note.setTakeAndRate(between(from), { ...note.rate, sinceNs: timeNs, lines: 0 });
      }
      const verdict = rate && judge(rate, note.rate, rest);
      if (verdict?.isKept === false) {
        from += verdict.length;
        note.setTakeAndRate(between(from), verdict.state);
        continue;
      }
      const { taken, bytes } = this.encode(rest.subarray(0, verdict?.length), timeNs, this.files.room, this.files.isEmpty);
      if (taken === 0) {
        if (!this.rotate()) return 'held';
        continue;
      }
      const { number, position } = this.files.end;
      const take = { from, length: taken, file: number, position, timeNs };
      if (rate === undefined) note.take = take;
      else note.setTakeAndRate(take, judge(rate, note.rate, rest.subarray(0, taken)).state);
      faultPoint('copier.kept.noted');
      if (this.files.append(bytes) < bytes.length) return 'full';
      faultPoint('copier.kept.written');
      this.onProgress();
      from += taken;
      // What comes last, the cleared file tells of.
      if (from < size) note.take = between(from);
    }
    return 'all';
  }

  private rotate(): boolean {
    faultPoint('copier.kept.before-rotate');
    const isRotated = this.files.rotate();
    faultPoint('copier.kept.rotated');
    return isRotated;
  }

  /** Finishes what a copier was killed at, or a full disk has cut off. The directory is claimed. */
  recover(size: number): Written {
    const { note } = this.parts;
    const { from, length, file, position, timeNs } = note.take;
    const isNotice = this.isNoticeUnderWay;
    if (isNotice || (length > 0 && from + length <= size)) {
      const { bytes } = this.encode(isNotice ? this.notice : this.staged(from, length), timeNs, Infinity, true);
      const written = this.files.writtenOf(bytes, file, position);
      // A file that was removed had it. Where somebody else has gone on, the line comes in two pieces: nothing is lost.
      if (written !== undefined && written.length < bytes.length) {
        const rest = bytes.subarray(written.length);
        if (!written.isLast && this.files.room < rest.length && !this.rotate()) return 'held';
        if (this.files.append(rest) < rest.length) return 'full';
      }
      if (isNotice) note.setTakeAndRate(between(from), { ...note.rate, dropped: 0 });
      else note.take = between(from + length);
    }
    return 'all';
  }

  /** When lines that were dropped are to be told of: milliseconds. Undefined: there are none. @param isHurried somebody waits for the end */
  toTellIn(isHurried: boolean): 'now' | number | undefined {
    const { rate } = this.parts.kept.output;
    const state = rate && this.parts.note.rate;
    if (rate === undefined || state === undefined || state.dropped === 0) return undefined;
    const nowNs = this.context.clock.nowNs();
    return isHurried || isOver(rate, state, nowNs) ? 'now' : msLeft(rate, state, nowNs);
  }

  /** @param from so much of what is staged has been written */
  writeNotice(from: number): Written {
    const { note } = this.parts;
    const timeNs = this.context.clock.nowNs();
    let { taken, bytes } = this.encode(this.notice, timeNs, this.files.room, this.files.isEmpty);
    if (taken < this.notice.length) {
      if (!this.rotate()) return 'held';
      ({ taken, bytes } = this.encode(this.notice, timeNs, this.files.room, this.files.isEmpty));
    }
    const { number, position } = this.files.end;
    note.setTakeAndRate({ from, length: 0, file: number, position, timeNs }, note.rate);
    faultPoint('copier.notice.noted');
    if (this.files.append(bytes) < bytes.length) return 'full';
    faultPoint('copier.notice.written');
    note.setTakeAndRate(between(from), { ...note.rate, dropped: 0 });
    return 'all';
  }

  private get notice(): Buffer {
    const { rate } = this.parts.kept.output;
    return rate === undefined ? Buffer.alloc(0) : droppedNotice(rate, this.parts.note.rate);
  }

  private encode(from: Buffer, timeNs: bigint, room: number, isEmptyFile: boolean): { readonly taken: number; readonly bytes: Buffer } {
    const { stream, output } = this.parts.kept;
    if (output.format === 'raw') {
      const bytes = from.subarray(0, Math.min(room, from.length));
      return { taken: bytes.length, bytes };
    }
    const { encoded } = this.context.scratch;
    const { taken, length } = encodeCri(from, encoded, { stream, timeNs, room, isEmptyFile });
    return { taken, bytes: encoded.subarray(0, length) };
  }

  private staged(from: number, length: number): Buffer {
    const into = this.context.scratch.chunk.subarray(0, length);
    let count = 0;
    while (count < length) {
      const more = readSync(this.parts.stagedFd, into, count, length - count, from + count);
      if (more === 0) throw new Error('less is staged than was put there');
      count += more;
    }
    return into;
  }
}
