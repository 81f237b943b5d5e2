
import { LineFramer } from '../../../src/runtime/line-framer';
import { fc } from '../../support/property';
import { thrownBy } from './scratch';

describe('LineFramer', () => {
  test('lines come out as they went in, however the bytes are split', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')), { maxLength: 20 });
    fc.assert(
      fc.property(lines, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (expected, sizes) => {
        const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(''));
        const framer = new LineFramer();
        const found: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(...framer.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(expected);
        expect(framer.pendingBytes).toBe(0);
      }),
    );
  });

  test('what has no end yet waits', () => {
    const framer = new LineFramer();
    expect(framer.push(Buffer.from('a\nb'))).toEqual(['a']);
    expect(framer.pendingBytes).toBe(1);
    expect(framer.push(Buffer.from('\n\n'))).toEqual(['b', '']);
  });

  test('a line that is too long is an error before it is all in memory', () => {
    const framer = new LineFramer(10);
    expect(framer.push(Buffer.from('0123456789\n'))).toEqual(['0123456789']);
    framer.push(Buffer.from('01234567'));
    expect(thrownBy(() => framer.push(Buffer.from('89x')))).toMatchObject({ code: 'bad-message' });
  });
});
