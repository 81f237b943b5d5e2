import type { KeptListing } from '../foreign/kept';
import { type Place, type Places, cursorOf, placesOf } from './cursor';
import { type Series, allSeries } from './file-names';
import { findStart, measure } from './find-start';
import type { OutputStream } from './kept-output';
import type { KeptCursor, KeptEntry, KeptQuery, KeptStart } from './query';
import { type Batch, type KeptSource, Row } from './row';

const bothStreams: readonly OutputStream[] = ['stdout', 'stderr'];

/** A row that is being read. */
interface Reading {
  readonly row: Row;
  place: Place;
  /** How much is left out still, of what was found from the end. */
  skip: number;
  /** No further; absent where it is followed. */
  readonly end: Place | undefined;
}

/** Reads what is kept of a container, again and again, each time on from where it was. */
export class KeptReader {
  readonly #readings = new Map<Series, Reading>();
  readonly #streams: readonly OutputStream[];
  /** Where it goes on, as it was asked for. */
  readonly #after: Places | undefined;
  #hasLooked = false;
  #missedBytes = 0;

  /** @throws RuntimeError `bad-message` for a cursor that is none */
  constructor(private readonly files: KeptSource, private readonly query: KeptQuery, private readonly signal: AbortSignal) {
    this.#streams = query.streams ?? bothStreams;
    this.#after = query.start !== undefined && 'after' in query.start ? placesOf(query.start.after) : undefined;
  }

  /** To go on after all that has been read; empty where nothing is kept yet. */
  get cursor(): KeptCursor {
    return cursorOf(this.#places());
  }

  /** About how many bytes of the files have been rotated away before they could be read, since the last call. */
  takeMissed(): number {
    const missed = this.#missedBytes;
    this.#missedBytes = 0;
    return missed;
  }

  /** Batches of what is there now; ends at the end, and where the signal is aborted. */
  async *readOn(): AsyncGenerator<readonly KeptEntry[], void> {
    for (const series of allSeries) if (!this.#readings.has(series)) await this.#begin(series);
    this.#hasLooked = true;
    let isAnything = true;
    // What is written while another row is read: it came before what is written then.
    while (isAnything) {
      isAnything = false;
      for (const reading of this.#readings.values()) {
        for (let batch = await this.#readBatch(reading); batch !== undefined; batch = await this.#readBatch(reading)) {
          isAnything = true;
          const entries = this.#entriesOf(batch, reading);
          if (entries.length > 0) yield entries;
        }
      }
    }
  }

  #places(): Places {
    return { ...this.#after, ...Object.fromEntries([...this.#readings].map(([name, { place }]) => [name, place])) };
  }

  /** Begins to read a row, where there is one. One that comes later is read from its beginning. */
  async #begin(series: Series): Promise<void> {
    const { query } = this;
    if (series !== 'output' && !this.#streams.includes(series)) return;
    const row = new Row(this.files, query.dir, series, this.signal);
    const found = await row.list();
    const last = found.at(-1);
    if (last === undefined) return;
    const end = query.follow === true ? undefined : { number: last.number, offset: last.size };
    this.#readings.set(series, { row, end, ...(await this.#startOf(row, found)) });
  }

  async #startOf(row: Row, found: readonly KeptListing[]): Promise<{ readonly place: Place; readonly skip: number }> {
    if (this.#after !== undefined || this.#hasLooked) return { place: placeAfter(found, this.#after?.[row.series]), skip: 0 };
    return await findStart(row, found, this.query.start, this.#streams);
  }

  async #readBatch(reading: Reading): Promise<Batch | undefined> {
    if (this.signal.aborted) return undefined;
    const batch = await reading.row.read(reading.place, { end: reading.end, isTogether: this.query.isTogether === true && reading.skip === 0 });
    if (batch === undefined) return undefined;
    reading.place = batch.next;
    this.#missedBytes += batch.missedBytes;
    return batch;
  }

  #entriesOf({ entries }: Batch, reading: Reading): KeptEntry[] {
    const { start, untilNs } = this.query;
    const sinceNs = start !== undefined && 'sinceNs' in start ? start.sinceNs : undefined;
    const others = this.#places();
    const chosen: KeptEntry[] = [];
    for (const { place, stream, timeNs, text, isPartial } of entries) {
      if (!this.#streams.includes(stream)) continue;
      if (timeNs !== undefined && ((sinceNs !== undefined && timeNs < sinceNs) || (untilNs !== undefined && timeNs >= untilNs))) continue;
      const rest = leftOf(reading, start, { text, isPartial });
      if (rest === undefined) continue;
      chosen.push({
        stream, timeNs, text: rest, isPartial,
        // Few ask for it, and there are many lines.
        get cursor() {
          return cursorOf({ ...others, [reading.row.series]: place });
        },
      });
    }
    return chosen;
  }
}

/**
 * A cursor's place, also where its file is gone and later ones are there: what is missing is seen when it is read on.
 * @param place absent: there was no such row when the reader looked, so that all of it has come since
 */
function placeAfter(files: readonly KeptListing[], place: Place = { number: 1, offset: 0 }): Place {
  const file = files.find(({ number }) => number >= place.number);
  // All of them are older: they have been removed by somebody, and begun anew.
  return file === undefined ? { number: files[0]?.number ?? 1, offset: 0 } : place;
}

/** What is left of an entry once what is to be left out has been: undefined where nothing is. */
function leftOf(reading: Reading, start: KeptStart | undefined, entry: Pick<KeptEntry, 'text' | 'isPartial'>): Buffer | undefined {
  if (reading.skip === 0) return entry.text;
  const { skip } = reading;
  const size = measure(start, entry);
  reading.skip = Math.max(0, skip - size);
  if (size <= skip || (start !== undefined && 'lastLines' in start)) return undefined;
  return entry.text.subarray(skip);
}
