import { connect as connectHttp2 } from 'node:http2';
import { Duplex } from 'node:stream';
import { CLIENT_PREFACE, FRAME_HEADER_BYTES, FrameType, parseFrameHeader } from '../../../../src/api/wire/frames';
import { HpackDecoder, MAX_HEADER_LIST_BYTES } from '../../../../src/api/wire/hpack-decoder';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import { fieldBytes, HpackTable } from '../../../../src/api/wire/hpack-table';
import { decodeHuffman } from '../../../../src/api/wire/huffman';
import { fc } from '../../../support/property';
import { field } from './frame-kit';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function pairs(decoder: HpackDecoder, block: Buffer): string[] {
  return decoder.decode(block).map(({ name, value }) => `${name}: ${value}`);
}

/** The header blocks that Node's own HTTP/2 client makes of these requests on one connection. */
async function nodeEncodes(requests: readonly Record<string, string>[]): Promise<Buffer[]> {
  const written: Buffer[] = [];
  const sink = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const session = connectHttp2('http://test', { createConnection: () => sink });
  session.on('error', () => {});
  await new Promise((resolve) => session.once('connect', resolve));
  for (const headers of requests) session.request(headers, { endStream: true }).on('error', () => {});
  await new Promise((resolve) => setImmediate(resolve));
  session.destroy();
  const bytes = Buffer.concat(written);
  const blocks: Buffer[] = [];
  for (let at = CLIENT_PREFACE.length; at < bytes.length; ) {
    const { length, type } = parseFrameHeader(bytes.subarray(at));
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    if (type === FrameType.headers) blocks.push(payload);
    at += FRAME_HEADER_BYTES + length;
  }
  return blocks;
}

describe('the HPACK decoder', () => {
  it('reads the requests of RFC 7541, C.3: without Huffman coding', () => {
    const decoder = new HpackDecoder();
    const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    expect(pairs(decoder, hex('828684410f 7777772e6578616d706c652e636f6d'))).toEqual(first);
    expect(pairs(decoder, hex('828684be5808 6e6f2d6361636865'))).toEqual([...first, 'cache-control: no-cache']);
  });

  it('reads the requests of RFC 7541, C.4: with Huffman coding', () => {
    const decoder = new HpackDecoder();
    const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    expect(pairs(decoder, hex('828684418c f1e3c2e5f23a6ba0ab90f4ff'))).toEqual(first);
    expect(pairs(decoder, hex('828684be5886 a8eb10649cbf'))).toEqual([...first, 'cache-control: no-cache']);
    expect(pairs(decoder, hex('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf'))).toEqual([
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
  });

  it('reads what Node encodes, whatever the octets', async () => {
    const value = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)) });
    const name = fc.stringMatching(/^x-[a-z0-9]{1,12}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(name, value, { maxKeys: 6 }), { minLength: 1, maxLength: 5 }), async (lists) => {
        const requests = lists.map((list) => ({ ':path': '/p', ':authority': '/a/path.sock', ...list }));
        const decoder = new HpackDecoder();
        const decoded = (await nodeEncodes(requests)).map((block) =>
          Object.fromEntries(decoder.decode(block).map((each) => [each.name, each.value])),
        );
        expect(decoded).toEqual(requests.map((each) => ({ ':method': 'GET', ':scheme': 'http', ...each })));
      }),
      { numRuns: 200 },
    );
  });

  it('reads what our own encoder writes, never-indexed fields included', () => {
    const octets = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 400 });
    const anyField = fc.record({ name: octets, value: octets, neverIndexed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 20 }), (fields) => {
        const block = encodeHeaderBlock(fields);
        expect(block.length).toBeLessThanOrEqual(fields.reduce((sum, each) => sum + fieldBytes(each), 0));
        expect(new HpackDecoder().decode(block)).toEqual(fields);
      }),
    );
  });

  it('takes a table size update only at the start of a block, and only within what is advertised', () => {
    expect(pairs(new HpackDecoder(), hex('20 3fe11f 82'))).toEqual([':method: GET']);
    expect(() => new HpackDecoder().decode(hex('82 20'))).toThrow(/table size update after a field/);
    expect(() => new HpackDecoder().decode(hex('3fe21f'))).toThrow(/4097 bytes is more than was advertised/);
  });

  it('forgets the dynamic table when its size is set to nothing', () => {
    const decoder = new HpackDecoder();
    expect(pairs(decoder, hex('4001610162'))).toEqual(['a: b']);
    expect(pairs(decoder, hex('be'))).toEqual(['a: b']);
    expect(() => decoder.decode(hex('20 be'))).toThrow(/no header table entry 62/);
  });

  it.each([
    ['index 0', '80'],
    ['an index beyond the tables', 'be'],
    ['a literal without its name', '40'],
    ['a literal without its value', '400161'],
    ['a string longer than the block', '40017f61'],
    ['an integer without end', 'ffffffffff'],
    ['an integer of too many bytes', 'ff8080808000'],
    ['an integer cut off', 'ff80'],
    ['EOS in a Huffman string', '4001618 4ffffffff'],
    ['eight bits of padding', '40016181ff'],
    ['padding that is not ones', '4001618100'],
  ])('refuses %s', (_what, block) => {
    expect(() => new HpackDecoder().decode(hex(block))).toThrow(
      expect.objectContaining({ name: 'WireError', code: 'bad-header-compression', http2Code: 9 }) as Error,
    );
  });

  it('refuses a small block that unfolds into a large list', () => {
    const decoder = new HpackDecoder();
    const large = Buffer.concat([hex('400161 7fa11e'), Buffer.alloc(4000, 'x')]);
    expect(decoder.decode(large)).toHaveLength(1);
    const again = Buffer.alloc(Math.ceil(MAX_HEADER_LIST_BYTES / 4000) + 1, 0xbe);
    expect(() => decoder.decode(again)).toThrow(expect.objectContaining({ code: 'header-block-too-large' }) as Error);
  });
});

describe('the HPACK table', () => {
  it('never holds more than was advertised', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(300), fc.nat(256).map((size) => -size)), { maxLength: 100 }), (steps) => {
        const table = new HpackTable(256);
        for (const step of steps) {
          if (step < 0) table.resize(-step);
          else table.add(field('n', 'v'.repeat(step)));
          expect(table.bytes).toBeLessThanOrEqual(256);
        }
      }),
    );
  });

  it('is emptied by a field larger than itself', () => {
    const table = new HpackTable(100);
    table.add(field('a', 'b'));
    table.add(field('c', 'd'.repeat(100)));
    expect(table.bytes).toBe(0);
    expect(() => table.at(62)).toThrow(/no header table entry 62/);
  });
});

describe('Huffman strings', () => {
  it('may be empty, and padded with up to seven ones', () => {
    expect(decodeHuffman(Buffer.alloc(0))).toBe('');
    expect(decodeHuffman(hex('1f'))).toBe('a');
  });
});
