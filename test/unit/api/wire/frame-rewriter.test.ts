import { CLIENT_PREFACE, emptySettings, frame, FrameFlag, FrameType } from '../../../../src/api/wire/frames';
import { FrameRewriter } from '../../../../src/api/wire/frame-rewriter';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import { HpackDecoder } from '../../../../src/api/wire/hpack-decoder';
import { fc } from '../../../support/property';
import { field, greeting, headers, message, recordings, request, requestFields, SOCKET_PATH, split } from './frame-kit';

const block = encodeHeaderBlock(requestFields('/a', SOCKET_PATH));
const repairedBlock = encodeHeaderBlock(requestFields('/a', 'localhost'));
const priority = Buffer.from([0, 0, 0, 0, 15]);
const settingsAck = frame(FrameType.settings, FrameFlag.ack, 0, Buffer.alloc(0));

/** What comes out for these bytes after a greeting, without the greeting. */
function rewrite(bytes: Buffer, lengths: readonly number[] = [bytes.length]): Buffer {
  const rewriter = new FrameRewriter();
  expect(rewriter.push(greeting())).toEqual(greeting());
  return Buffer.concat(split(bytes, lengths).map((piece) => rewriter.push(piece)));
}

/** A header block over HEADERS and CONTINUATION frames that carry so many bytes each. */
function continued(content: Buffer, lengths: readonly number[], extraFlags = 0, before = Buffer.alloc(0)): Buffer {
  const pieces = split(content, lengths);
  return Buffer.concat(
    pieces.map((piece, turn) => {
      const end = turn === pieces.length - 1 ? FrameFlag.endHeaders : 0;
      return turn === 0
        ? frame(FrameType.headers, end | extraFlags, 1, Buffer.concat([before, piece]))
        : frame(FrameType.continuation, end, 1, piece);
    }),
  );
}

describe('the frame rewriter', () => {
  it('changes nothing on a connection whose authority is accepted', () => {
    const bytes = Buffer.concat([
      request(1, '/a', 'localhost'),
      emptySettings(),
      settingsAck,
      continued(encodeHeaderBlock(requestFields('/b', 'a.b:80')), [3]),
      frame(0x6, 0, 0, Buffer.alloc(8)),
      message(1, Buffer.alloc(10_000, 7)),
      request(3, '/c', 'localhost'),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), (lengths) => {
        expect(rewrite(bytes, lengths)).toEqual(bytes);
      }),
    );
  });

  it('gives the same bytes for every split', () => {
    const bytes = Buffer.concat(recordings().slice(0, 1).map((recording) => recording.bytes));
    const whole = new FrameRewriter().push(bytes);
    expect(whole.includes('localhost')).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (lengths) => {
        const rewriter = new FrameRewriter();
        expect(Buffer.concat(split(bytes, lengths).map((piece) => rewriter.push(piece)))).toEqual(whole);
      }),
    );
  });

  it('gives bytes that need no repair', () => {
    for (const { bytes } of recordings()) {
      const once = new FrameRewriter().push(bytes);
      expect(new FrameRewriter().push(once)).toEqual(once);
    }
  });

  it.each([
    ['plain', headers(1, block), headers(1, repairedBlock)],
    ['ending the stream', headers(1, block, FrameFlag.endStream), headers(1, repairedBlock, FrameFlag.endStream)],
    [
      'with priority',
      headers(1, Buffer.concat([priority, block]), FrameFlag.priority),
      headers(1, Buffer.concat([priority, repairedBlock]), FrameFlag.priority),
    ],
    [
      'with padding',
      headers(1, Buffer.concat([Buffer.from([9]), block, Buffer.alloc(9)]), FrameFlag.padded),
      headers(1, repairedBlock),
    ],
    [
      'with padding, priority and CONTINUATION byte by byte',
      continued(
        block,
        [1],
        FrameFlag.padded | FrameFlag.priority | FrameFlag.endStream,
        Buffer.concat([Buffer.from([0]), priority]),
      ),
      headers(1, Buffer.concat([priority, repairedBlock]), FrameFlag.priority | FrameFlag.endStream),
    ],
    ['with empty HEADERS', Buffer.concat([frame(1, 0, 1, Buffer.alloc(0)), frame(9, 4, 1, block)]), headers(1, repairedBlock)],
  ])('repairs HEADERS %s', (_what, given, expected) => {
    expect(rewrite(given)).toEqual(expected);
    expect(rewrite(given, [1])).toEqual(expected);
  });

  it('repairs an authority that comes from the dynamic table, and then needs no table any more', () => {
    // Literals with incremental indexing: `:authority` and a field of the client's own.
    const first = Buffer.concat([
      Buffer.from('838641', 'hex'),
      Buffer.from([SOCKET_PATH.length]),
      Buffer.from(SOCKET_PATH),
      Buffer.from('400178017904012f', 'hex'),
    ]);
    const second = Buffer.from('8386bfbe04012f', 'hex');
    const out = rewrite(Buffer.concat([headers(1, first), headers(3, second)]));
    const fields = [field(':method', 'POST'), field(':scheme', 'http'), field(':authority', 'localhost')];
    const plain = encodeHeaderBlock([...fields, field('x', 'y'), field(':path', '/')]);
    expect(out).toEqual(Buffer.concat([headers(1, plain), headers(3, plain)]));
  });

  it('starts to repair in the midst of a connection without loss of the table', () => {
    const indexed = Buffer.from('400178017904012f', 'hex');
    const clean = headers(1, Buffer.concat([encodeHeaderBlock(requestFields('/a', 'ok')), indexed]));
    const bad = headers(3, Buffer.concat([Buffer.from('be', 'hex'), block]));
    const out = rewrite(Buffer.concat([clean, bad]));
    expect(out.subarray(0, clean.length)).toEqual(clean);
    expect(out.subarray(clean.length)).toEqual(
      headers(3, encodeHeaderBlock([field('x', 'y'), ...requestFields('/a', 'localhost')])),
    );
  });

  it.each([
    ['is missing', requestFields('/a'), [field(':authority', 'localhost'), ...requestFields('/a')]],
    ['is empty', requestFields('/a', ''), requestFields('/a', 'localhost')],
    ['is missing beside a bad host', [field(':method', 'GET'), field('host', 'a/b')], [field(':authority', 'localhost'), field(':method', 'GET'), field('host', 'a/b')]],
    ['is missing beside a host', [...requestFields('/a'), field('host', 'h')], undefined],
    ['is missing in trailers', [field('x-trailer', '1')], undefined],
  ])('sees to an authority that %s', (_what, fields, expected) => {
    const given = headers(1, encodeHeaderBlock(fields));
    expect(rewrite(given)).toEqual(expected === undefined ? given : headers(1, encodeHeaderBlock(expected)));
  });

  it('splits a large repaired block into frames that are not too large', () => {
    const fields = [...requestFields('/a', SOCKET_PATH), field('x-large', 'x'.repeat(40_000), true)];
    const out = rewrite(continued(encodeHeaderBlock(fields), [16_384]));
    const content: Buffer[] = [];
    for (let at = 0; at < out.length; ) {
      const length = out.readUIntBE(at, 3);
      expect(length).toBeLessThanOrEqual(16_384);
      content.push(out.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    expect(content).toHaveLength(3);
    const expected = [...requestFields('/a', 'localhost'), field('x-large', 'x'.repeat(40_000), true)];
    expect(new HpackDecoder().decode(Buffer.concat(content))).toEqual(expected);
  });

  it('keeps an acknowledgement from the server for each SETTINGS that the server does not know of', () => {
    const rewriter = new FrameRewriter();
    rewriter.push(greeting());
    rewriter.expectSettingsAck();
    expect(rewriter.isTransparent).toBe(false);
    expect(rewriter.push(Buffer.concat([settingsAck, settingsAck]))).toEqual(settingsAck);
    expect(rewriter.isTransparent).toBe(true);
  });

  it('says what it has held back, so that nothing is lost between the two', () => {
    const bytes = Buffer.concat([greeting(), continued(encodeHeaderBlock(requestFields('/a', 'ok')), [7]), message(1)]);
    for (let at = 0; at <= bytes.length; at++) {
      const rewriter = new FrameRewriter();
      const given = rewriter.push(bytes.subarray(0, at));
      expect(Buffer.concat([given, rewriter.heldBack()])).toEqual(bytes.subarray(0, at));
    }
  });

  const tooLarge = Buffer.concat([
    frame(1, 0, 1, Buffer.alloc(0)),
    ...Array.from({ length: 8000 }, () => frame(9, 0, 1, Buffer.alloc(0))),
  ]);
  it.each([
    ['another preface', 'bad-preface', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['no SETTINGS first', 'bad-preface', Buffer.concat([CLIENT_PREFACE, headers(1, block)])],
    ['an acknowledgement first', 'bad-preface', Buffer.concat([CLIENT_PREFACE, settingsAck])],
    ['a frame too large', 'bad-frame-size', Buffer.concat([greeting(), Buffer.from('004001000000000001', 'hex')])],
    ['HEADERS on stream 0', 'bad-frame', Buffer.concat([greeting(), headers(0, block)])],
    ['CONTINUATION alone', 'bad-frame', Buffer.concat([greeting(), frame(9, 4, 1, block)])],
    ['CONTINUATION of another', 'bad-frame', Buffer.concat([greeting(), frame(1, 0, 1, block), frame(9, 4, 3, block)])],
    ['DATA within a block', 'bad-frame', Buffer.concat([greeting(), frame(1, 0, 1, block), message(1)])],
    ['HEADERS within a block', 'bad-frame', Buffer.concat([greeting(), frame(1, 0, 1, block), headers(1, block)])],
    ['PUSH_PROMISE', 'bad-frame', Buffer.concat([greeting(), frame(5, 4, 1, block)])],
    ['too much padding', 'bad-frame', Buffer.concat([greeting(), headers(1, Buffer.from([5, 0, 0]), FrameFlag.padded)])],
    ['no room for priority', 'bad-frame-size', Buffer.concat([greeting(), headers(1, Buffer.from([1]), FrameFlag.priority)])],
    ['no room for padding', 'bad-frame-size', Buffer.concat([greeting(), headers(1, Buffer.alloc(0), FrameFlag.padded)])],
    ['bad compression', 'bad-header-compression', Buffer.concat([greeting(), headers(1, Buffer.from([0xff]))])],
    ['a flood of CONTINUATION', 'header-block-too-large', Buffer.concat([greeting(), tooLarge])],
  ])('refuses %s', (_what, code, bytes) => {
    for (const lengths of [[bytes.length], [1]]) {
      const rewriter = new FrameRewriter();
      const push = (): void => split(bytes, lengths).forEach((piece) => rewriter.push(piece));
      expect(push).toThrow(expect.objectContaining({ name: 'WireError', code }) as Error);
    }
  });
});
