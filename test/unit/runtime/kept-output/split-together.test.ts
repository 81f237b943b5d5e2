import fc from 'fast-check';

import { encodeCri } from '../../../../src/runtime/kept-output/cri-format';
import type { OutputStream } from '../../../../src/runtime/kept-output/kept-output';
import { type SplitEntry, split } from '../../../../src/runtime/kept-output/split';
import { splitTogether } from '../../../../src/runtime/kept-output/split-together';

interface Taken {
  readonly stream: OutputStream;
  readonly text: string;
  /** So much later than what was taken before. */
  readonly laterNs: bigint;
}

const takes = fc.array(fc.record({
  stream: fc.constantFrom<OutputStream>('stdout', 'stderr'),
  text: fc.stringMatching(/^[a-c\n]{1,12}$/),
  laterNs: fc.constantFrom(0n, 1n, 10n ** 9n),
}), { maxLength: 12 });

function encoded(all: readonly Taken[]): Buffer {
  const into = Buffer.alloc(64 * 1024);
  let timeNs = 1_764_000_000_000_000_000n;
  return Buffer.concat(all.map(({ stream, text, laterNs }) => {
    timeNs += laterNs;
    const { length } = encodeCri(Buffer.from(text), into, { stream, timeNs, room: into.length, isEmptyFile: false });
    return Buffer.from(into.subarray(0, length));
  }));
}

/** What was written, with its stream and time, byte by byte. */
function written(entries: readonly SplitEntry[]): unknown[] {
  return entries.flatMap(({ stream, timeNs, text, isPartial }) => [...`${text.toString()}${isPartial ? '' : '\n'}`].map((byte) => [stream, timeNs, byte]));
}

const endOf = (entries: readonly SplitEntry[]): number => entries.at(-1)?.end ?? 0;

test('lines together are what they are one by one, wherever what was read is cut off', () => {
  fc.assert(fc.property(takes, fc.nat(), (all, cut) => {
    const bytes = encoded(all);
    const part = bytes.subarray(0, cut % (bytes.length + 1));
    const together = splitTogether('output', part, true);
    const apart = split('output', part, true);
    expect(written(together)).toEqual(written(apart));
    expect(endOf(together)).toBe(endOf(apart));
  }));
});

test('so are those of a row without times; what has no end yet waits for the next block', () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-c\n]{0,40}$/), fc.boolean(), (text, isWhole) => {
    const bytes = Buffer.from(text);
    const together = splitTogether('stdout', bytes, isWhole);
    const taken = endOf(together);
    expect(written(together).map((each) => (each as unknown[])[2]).join('')).toBe(text.slice(0, taken));
    expect(taken === text.length || (!isWhole && !text.slice(taken).includes('\n'))).toBe(true);
  }));
});

test('a thousand lines of one time are one entry', () => {
  const bytes = encoded([{ stream: 'stdout', text: 'a\n'.repeat(1000), laterNs: 0n }]);
  expect(splitTogether('output', bytes, true)).toHaveLength(1);
  const foreign = Buffer.from('no line of the format\n');
  expect(splitTogether('output', Buffer.concat([bytes, foreign, bytes]), true).map(({ text }) => text.length)).toEqual([1999, foreign.length - 1, 1999]);
});
