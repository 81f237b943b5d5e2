import { RuntimeError } from '../errors';
import { type Series, allSeries } from './file-names';
import type { KeptCursor } from './query';

/** A place in a row of files: the bytes before it have been read. */
export interface Place {
  readonly number: number;
  readonly offset: number;
}

/** A place in each row that there is. */
export type Places = Readonly<Partial<Record<Series, Place>>>;

/** As `output:12:3456`, or with one for each row: `stdout:1:0,stderr:3:17`. */
export function cursorOf(places: Places): KeptCursor {
  return allSeries.flatMap((series) => {
    const place = places[series];
    return place === undefined ? [] : [`${series}:${place.number}:${place.offset}`];
  }).join(',');
}

/** @throws RuntimeError `bad-message` */
export function placesOf(cursor: KeptCursor): Places {
  const places: Partial<Record<Series, Place>> = {};
  for (const part of cursor === '' ? [] : cursor.split(',')) {
    const [, name, number, offset] = /^(output|stdout|stderr):(\d{1,15}):(\d{1,15})$/.exec(part) ?? [];
    const series = allSeries.find((one) => one === name);
    if (series === undefined) throw new RuntimeError('bad-message', `not a cursor of kept output: ${JSON.stringify(cursor)}`);
    places[series] = { number: Number(number), offset: Number(offset) };
  }
  return places;
}
