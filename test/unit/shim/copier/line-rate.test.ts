import fc from 'fast-check';

import { type RateState, droppedNotice, isOver, judge, msLeft } from '../../../../src/shim/copier/line-rate';

const begun: RateState = { sinceNs: 0n, lines: 0, dropped: 0, within: 'none' };
const text = fc.array(fc.constantFrom('a', 'b', '\n'), { maxLength: 60 }).map((characters) => characters.join(''));

/** What is kept of it, taken in chunks. */
function keptOf(most: number, chunks: readonly string[]): { readonly kept: string; readonly state: RateState } {
  let state = begun;
  let kept = '';
  for (const chunk of chunks) {
    for (let rest = Buffer.from(chunk); rest.length > 0;) {
      const verdict = judge({ lines: most, perMs: 1000 }, state, rest);
      if (verdict.isKept) kept += rest.toString('latin1', 0, verdict.length);
      state = verdict.state;
      rest = rest.subarray(verdict.length);
    }
  }
  return { kept, state };
}

test('the first lines are kept whole and the others counted, however they come in pieces', () => {
  fc.assert(fc.property(fc.array(text, { maxLength: 8 }), fc.integer({ min: 0, max: 6 }), (chunks, most) => {
    const whole = chunks.join('');
    const lines = whole.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const { kept, state } = keptOf(most, chunks);
    expect(kept).toBe(lines.slice(0, most).join(''));
    expect([state.lines, state.dropped]).toEqual([Math.min(most, lines.length), Math.max(0, lines.length - most)]);
  }));
});

test('the time that is counted in ends after its length, and with a clock that was set back', () => {
  const rate = { lines: 1, perMs: 100 };
  const since = { ...begun, sinceNs: 1_000_000_000n };
  expect([999_999_999n, 1_000_000_000n, 1_099_999_999n, 1_100_000_000n].map((nowNs) => isOver(rate, since, nowNs))).toEqual([true, false, false, true]);
  // Never early, and never long after a clock was set.
  expect([1_000_000_000n, 1_099_999_999n, 9_000_000_000n, 0n].map((nowNs) => msLeft(rate, since, nowNs))).toEqual([100, 2, 1, 100]);
});

test.each([[1, 10_000, 1000, '1 line was dropped here: more than 10000 in 1s'], [12, 3, 500, '12 lines were dropped here: more than 3 in 500ms']] as const)('%d', (dropped, lines, perMs, words) => {
  expect(droppedNotice({ lines, perMs }, { ...begun, dropped }).toString()).toBe(`holdfast: ${words}\n`);
});
