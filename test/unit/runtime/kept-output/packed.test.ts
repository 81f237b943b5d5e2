import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PACKED_BLOCK_BYTES, type PackedIndex, packedBlockBytes, printPackedIndex, readPacked, readPackedIndex } from '../../../../src/runtime/kept-output/packed';
import { fc } from '../../../support/property';
import { Scratch } from '../../sys/resources';

describe('a packed file', () => {
  let scratch: Scratch;
  beforeEach(() => { scratch = new Scratch(); });
  afterEach(() => { scratch.remove(); });

  const packed = (whole: Buffer, blockBytes: number): Buffer => {
    const members: Buffer[] = [];
    const ends: number[] = [];
    for (let at = 0; at < whole.length; at += blockBytes) {
      members.push(gzipSync(whole.subarray(at, at + blockBytes)));
      ends.push(members.reduce((sum, { length }) => sum + length, 0));
    }
    return Buffer.concat([...members, printPackedIndex({ blockBytes, totalBytes: whole.length, ends })]);
  };
  const onFile = <T>(bytes: Buffer, read: (fd: number, size: number) => T): T => {
    writeFileSync(scratch.file('packed'), bytes);
    const fd = openSync(scratch.file('packed'), 'r');
    try {
      return read(fd, statSync(scratch.file('packed')).size);
    } finally {
      closeSync(fd);
    }
  };
  const indexOf = (bytes: Buffer): PackedIndex | undefined => onFile(bytes, readPackedIndex);

  test('is the same at each place, and to any gunzip', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 900 }), fc.nat(6000), fc.nat(3000), (content, blockBytes, offset, length) => {
      const whole = Buffer.from(content);
      const bytes = packed(whole, blockBytes);
      expect(gunzipSync(bytes).equals(whole)).toBe(true);
      onFile(bytes, (fd, size) => {
        const index = readPackedIndex(fd, size);
        expect(index).toMatchObject({ totalBytes: whole.length, blockBytes });
        if (index !== undefined) expect(readPacked(fd, index, Math.min(offset, whole.length), length).equals(whole.subarray(Math.min(offset, whole.length), Math.min(offset, whole.length) + length))).toBe(true);
      });
    }), { numRuns: 200 });
  });

  test('that is cut off, or is of somebody else, is none', () => {
    const bytes = packed(Buffer.alloc(3000, 'x'), 1000);
    for (let length = 0; length < bytes.length; length += 1) expect(indexOf(bytes.subarray(0, length))).toBeUndefined();
    expect(indexOf(gzipSync(Buffer.from('of somebody else')))).toBeUndefined();
    const wrong = Buffer.from(bytes);
    // Its number of bytes does not go with its blocks.
    wrong.writeUIntLE(30_000, bytes.length - 10 - 2 - 3 * 6 - 6, 6);
    expect(indexOf(wrong)).toBeUndefined();
  });

  test('has larger blocks where there would be too many', () => {
    expect(packedBlockBytes(50 << 20)).toBe(PACKED_BLOCK_BYTES);
    const blockBytes = packedBlockBytes(2 ** 40);
    expect(2 ** 40 / blockBytes).toBeLessThanOrEqual(8000);
    const ends = Array.from({ length: 8000 }, (_, at) => at + 1);
    expect(indexOf(printPackedIndex({ blockBytes: 10, totalBytes: 80_000, ends }))?.ends).toEqual(ends);
  });
});
