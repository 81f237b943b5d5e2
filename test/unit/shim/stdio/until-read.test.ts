import { untilRead } from '../../../../src/shim/stdio/until-read';

/** Looks that find so much, one after the other, and the last of it ever after. */
function looks(...unread: readonly number[]): { readonly look: () => number; readonly count: () => number } {
  let count = 0;
  return {
    look: () => unread[Math.min(count++, unread.length - 1)] ?? 0,
    count: () => count,
  };
}

describe('untilRead', () => {
  test.each([
    ['nothing to read is not waited for', [0], 1],
    ['until it has been read, a byte at each look', [5, 4, 3, 2, 1, 0], 6],
    // Of pauses of 1, 2 and 4 ms the last makes it seven.
    ['what nobody takes anything of is given up', [5], 4],
    ['and so is what is taken no further', [5, 5, 5, 4], 7],
    ['a writer that is left does not put it off, whatever is taken of it', [5, 9, 7, 5], 4],
    ['as long as it becomes less it is waited for', [5, 5, 5, 4, 4, 4, 3, 3, 0], 9],
  ])('%s', async (_what, unread, looked) => {
    const { look, count } = looks(...unread);
    await untilRead(look, 7);
    expect(count()).toBe(looked);
  });
});
