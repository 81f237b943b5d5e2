import { PIECE_BYTES, SharedPieces } from '../../../src/images/content/shared-pieces';

test('memory that a thread is done with is used again, and no more of it is kept than an image needs at once', () => {
  const pieces = new SharedPieces();
  const taken = Array.from({ length: 5 }, () => pieces.take());
  expect(new Set(taken).size).toBe(5);
  expect(taken.every(({ byteLength }) => byteLength === PIECE_BYTES)).toBe(true);
  for (const piece of taken) pieces.give(piece);
  const again = Array.from({ length: 5 }, () => pieces.take());
  expect(again.filter((piece) => taken.includes(piece))).toHaveLength(3);
  expect(new Set(again).size).toBe(5);
});
