import { decodeCri, encodeCri } from '../../../../src/runtime/kept-output/cri-format';
import { LEAST_SIZE_BYTES } from '../../../../src/runtime/kept-output/kept-output';
import { fc } from '../../../support/property';

const timeNs = 1_796_000_000_052_621_319n;
const into = Buffer.alloc(1024 * 1024);
const room = fc.integer({ min: LEAST_SIZE_BYTES, max: 40_000 });

interface Piece {
  readonly taken: Buffer;
  readonly encoded: Buffer;
}

/** As a copier does it: piece by piece, each as long as there is room in its file. */
function encodeAll(output: Buffer, roomBytes: number): Piece[] {
  const pieces: Piece[] = [];
  let left = roomBytes;
  for (let at = 0; at < output.length; ) {
    const { taken, length } = encodeCri(output.subarray(at), into, { stream: 'stdout', timeNs, room: left, isEmptyFile: left === roomBytes });
    if (taken === 0) {
      expect(left).toBeLessThan(roomBytes);
      left = roomBytes;
      continue;
    }
    expect(length).toBeLessThanOrEqual(left);
    pieces.push({ taken: output.subarray(at, at + taken), encoded: Buffer.from(into.subarray(0, length)) });
    at += taken;
    left -= length;
  }
  return pieces;
}

function decodeAll(encoded: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < encoded.length; ) {
    const end = encoded.indexOf('\n', at);
    const line = decodeCri(encoded.subarray(at, end));
    if (line === undefined) throw new Error(`not a line: ${encoded.toString('latin1', at, end)}`);
    parts.push(line.text, Buffer.from(line.isPartial ? '' : '\n'));
    at = end + 1;
  }
  return Buffer.concat(parts);
}

const output = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom('\n', 'x', 'y'.repeat(70), 'z'.repeat(16_384), '\n\n', 'w'.repeat(16_385)), { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))),
).map((bytes) => Buffer.from(bytes));

test('a line has its time, its stream and whether it is whole', () => {
  const { length } = encodeCri(Buffer.from('text\nre'), into, { stream: 'stderr', timeNs, room: 200, isEmptyFile: true });
  expect(into.toString('utf8', 0, length)).toBe('2026-11-30T00:53:20.052621319Z stderr F text\n2026-11-30T00:53:20.052621319Z stderr P re\n');
});

test('whatever was written, and however small the files are, the same bytes come back', () => {
  fc.assert(fc.property(output, room, (bytes, roomBytes) => {
    const pieces = encodeAll(bytes, roomBytes);
    expect(decodeAll(Buffer.concat(pieces.map(({ encoded }) => encoded))).equals(bytes)).toBe(true);
  }));
});

test('what was taken becomes the same lines once more, as the end of a line that was cut off must', () => {
  fc.assert(fc.property(output, room, (bytes, roomBytes) => {
    for (const { taken, encoded } of encodeAll(bytes, roomBytes)) {
      const { length } = encodeCri(taken, into, { stream: 'stdout', timeNs, room: Infinity, isEmptyFile: true });
      expect(into.subarray(0, length).equals(encoded)).toBe(true);
    }
  }));
});

test.each(['', 'no line', '2026-11-30T00:53:20.052621319Z stdin F x', 'yesterday stdout F x', '2026-11-30T00:53:20Z stdout F x'])('%p is no line of the format', (text) => {
  expect(decodeCri(Buffer.from(text))).toBeUndefined();
});
