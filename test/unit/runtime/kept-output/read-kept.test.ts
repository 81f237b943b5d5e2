import { appendFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { listKept, readKept as readRange } from '../../../../src/runtime/foreign/kept';
import { encodeCri } from '../../../../src/runtime/kept-output/cri-format';
import { type Series, keptFileName } from '../../../../src/runtime/kept-output/file-names';
import type { KeptEntry, KeptQuery } from '../../../../src/runtime/kept-output/query';
import { KeptReader } from '../../../../src/runtime/kept-output/kept-reader';
import { type KeptSource, readKept } from '../../../../src/runtime/kept-output/read-kept';
import { within } from '../../../support/deadline';
import { useScratch } from '../scratch';

const scratch = useScratch();
const dirOf = (): string => join(scratch(), 'kept');
const here: KeptSource = {
  listKept: (dir) => Promise.resolve(listKept(dir)),
  readKept: (range) => Promise.resolve(readRange(range)),
};
const timeOf = (index: number): bigint => 1_796_000_000_000_000_000n + BigInt(index) * 1_000_000_000n;
const streamOf = (index: number): 'stdout' | 'stderr' => (index % 5 === 0 ? 'stderr' : 'stdout');
const pathOf = (series: Series, number: number): string => join(dirOf(), keptFileName({ series, number }));

/** Lines `first` to `last`, one a second, so many in a file. */
function writeLines(first: number, last: number, perFile: number): void {
  mkdirSync(dirOf(), { recursive: true });
  const files = new Map<number, Buffer[]>();
  for (let index = first; index <= last; index += 1) {
    const into = Buffer.alloc(100);
    const { length } = encodeCri(Buffer.from(`line ${String(index)}\n`), into, { stream: streamOf(index), timeNs: timeOf(index), room: 100, isEmptyFile: true });
    const number = Math.floor((index - 1) / perFile) + 1;
    const parts = files.get(number) ?? [];
    parts.push(into.subarray(0, length));
    files.set(number, parts);
  }
  for (const [number, parts] of files) appendFileSync(pathOf('output', number), Buffer.concat(parts));
}

async function read(query: Omit<KeptQuery, 'dir'> = {}): Promise<KeptEntry[]> {
  const entries: KeptEntry[] = [];
  for await (const batch of readKept(here, { dir: dirOf(), ...query }, new AbortController().signal)) entries.push(...batch);
  return entries;
}

const texts = (entries: readonly KeptEntry[]): string[] => entries.map(({ text }) => text.toString());
const lines = (first: number, last: number): string[] => Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => `line ${String(first + index)}`);

describe('lines with their time', () => {
  test('all, in order, over the files', async () => {
    writeLines(1, 10_000, 3000);
    const entries = await read();
    expect(texts(entries)).toEqual(lines(1, 10_000));
    expect(entries.every(({ timeNs, stream }, index) => timeNs === timeOf(index + 1) && stream === streamOf(index + 1))).toBe(true);
  });

  test.each([0, 1, 2, 2999, 3000, 3001, 9999, 10_000, 20_000])('the last %i lines', async (lastLines) => {
    writeLines(1, 10_000, 3000);
    expect(texts(await read({ start: { lastLines } }))).toEqual(lines(10_001 - Math.min(lastLines, 10_000), 10_000));
  });

  test('the last lines of one stream', async () => {
    writeLines(1, 10_000, 3000);
    expect(texts(await read({ start: { lastLines: 3 }, streams: ['stderr'] }))).toEqual(['line 9990', 'line 9995', 'line 10000']);
  });

  test('the last lines of one stream, where the other has a line that goes on', async () => {
    writeLines(4, 5, 10);
    appendFileSync(pathOf('output', 1), '2026-11-30T00:53:20.052621319Z stdout P open\n');
    expect(texts(await read({ start: { lastLines: 1 }, streams: ['stderr'] }))).toEqual(['line 5']);
    expect(texts(await read({ start: { lastLines: 1 }, streams: ['stdout'] }))).toEqual(['open']);
    expect(texts(await read({ start: { lastLines: 2 } }))).toEqual(['line 5', 'open']);
  });

  test.each([1, 11, 12, 100_000, 10_000_000])('the last %i bytes of text', async (lastBytes) => {
    writeLines(1, 10_000, 3000);
    const all = lines(1, 10_000).map((line) => `${line}\n`).join('');
    expect((await read({ start: { lastBytes } })).map(({ text }) => `${text.toString()}\n`).join('')).toBe(all.slice(-lastBytes));
  });

  test.each([0, 1, 2, 2999, 3000, 3001, 7777, 10_000, 10_001])('since the time of line %i', async (index) => {
    writeLines(1, 10_000, 3000);
    expect(texts(await read({ start: { sinceNs: timeOf(index) } }))).toEqual(lines(Math.max(1, index), 10_000));
    expect(texts(await read({ start: { sinceNs: timeOf(index) }, untilNs: timeOf(index + 2) }))).toEqual(lines(Math.max(1, index), Math.min(index + 1, 10_000)));
  });

  test('a cursor goes on after its entry, also where its file has been rotated away', async () => {
    writeLines(1, 100, 30);
    const entries = await read();
    for (const [index, { cursor }] of entries.entries()) expect(texts(await read({ start: { after: cursor } }))).toEqual(lines(index + 2, 100));
    rmSync(pathOf('output', 1));
    expect(texts(await read({ start: { after: entries[9]?.cursor ?? '' } }))).toEqual(lines(31, 100));
  });

  test('a cursor that is none is refused', async () => {
    writeLines(1, 1, 1);
    await expect(read({ start: { after: 'output:x' } })).rejects.toMatchObject({ code: 'bad-message' });
  });

  test('a line that is being written is left until it is whole', async () => {
    writeLines(1, 2, 10);
    appendFileSync(pathOf('output', 1), '2026-11-30T00:53:20.052621319Z stdout F hal');
    expect(texts(await read())).toEqual(lines(1, 2));
  });

  test('nothing, where nothing is kept', async () => {
    expect(await read()).toEqual([]);
  });
});

describe('raw files', () => {
  test('each stream by itself, its last piece without a newline, and parts of a long line', async () => {
    mkdirSync(dirOf());
    appendFileSync(pathOf('stdout', 1), 'one\ntwo\nthr');
    appendFileSync(pathOf('stdout', 2), 'ee\nfour');
    appendFileSync(pathOf('stderr', 1), `${'x'.repeat(300_000)}\n`);
    expect((await read({ streams: ['stdout'] })).map(({ text, isPartial }) => text.toString() + (isPartial ? '' : '\n')).join('')).toBe('one\ntwo\nthree\nfour');
    expect((await read({ streams: ['stderr'] })).map(({ text }) => text.toString()).join('')).toBe('x'.repeat(300_000));
    expect(texts(await read({ streams: ['stdout'], start: { lastBytes: 7 } })).join('|')).toBe('ee|four');
  });
});

describe('a follower', () => {
  test('gets what comes later, over rotations and from a directory that is made later, until it stops', async () => {
    const stop = new AbortController();
    const got: string[] = [];
    let tell: () => void = () => undefined;
    const following = (async () => {
      for await (const batch of readKept(here, { dir: dirOf(), follow: true }, stop.signal)) {
        got.push(...texts(batch));
        tell();
      }
    })();
    const until = (count: number): Promise<void> => within(new Promise((resolve) => {
      tell = (): void => {
        if (got.length >= count) resolve();
      };
      tell();
    }), `${String(count)} lines`);
    writeLines(1, 10, 4);
    await until(10);
    writeLines(11, 20, 4);
    await until(20);
    rmSync(pathOf('output', 1));
    writeLines(21, 25, 4);
    await until(25);
    stop.abort();
    await within(following, 'the end of the follower');
    expect(got).toEqual(lines(1, 25));
  });

  test.each(['the same reader', 'one that goes on at its cursor'])('that has found nothing yet is told of what was rotated away before it looked again: %s', async (who) => {
    const { signal } = new AbortController();
    const textsOf = async (reader: KeptReader): Promise<string[]> => {
      const got: string[] = [];
      for await (const batch of reader.readOn()) got.push(...texts(batch));
      return got;
    };
    const first = new KeptReader(here, { dir: dirOf(), follow: true }, signal);
    expect(await textsOf(first)).toEqual([]);
    writeLines(1, 16, 4);
    const oldBytes = [1, 2].reduce((sum, number) => sum + statSync(pathOf('output', number)).size, 0);
    for (const number of [1, 2]) rmSync(pathOf('output', number));
    const reader = who === 'the same reader' ? first : new KeptReader(here, { dir: dirOf(), follow: true, start: { after: first.cursor } }, signal);
    expect(await textsOf(reader)).toEqual(lines(9, 16));
    // Nobody has seen these files: it is told as if they had been as large as the largest of the others, whose lines have a letter more.
    const missedBytes = reader.takeMissed();
    expect(missedBytes).toBeGreaterThanOrEqual(oldBytes);
    expect(missedBytes).toBeLessThanOrEqual(oldBytes + 2 * 4);
  });
});
