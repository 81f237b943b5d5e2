import fc from 'fast-check';
import { MAX_MESSAGE_BYTES, MessageReader, frameOf } from '../../../../src/ctl/grpc/message-frames';

function readAll(pieces: readonly Buffer[]): { readonly messages: Buffer[]; readonly reader: MessageReader } {
  const reader = new MessageReader();
  return { messages: pieces.flatMap((piece) => [...reader.take(piece)]), reader };
}

test('messages come out as they went in, in whatever pieces', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(300)), (messages, cuts) => {
    const bytes = Buffer.concat(messages.map(frameOf));
    const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
    const pieces = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
    const { messages: read, reader } = readAll(pieces);
    expect(read.map((message) => [...message])).toEqual(messages.map((message) => [...message]));
    expect(reader.isAmidMessage).toBe(false);
  }));
});

test('a message that has not ended is told', () => {
  const { messages, reader } = readAll([frameOf(Buffer.from('abc')).subarray(0, 7)]);
  expect(messages).toEqual([]);
  expect(reader.isAmidMessage).toBe(true);
});

test('a length that is too large is an error at once, before its bytes have come', () => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(MAX_MESSAGE_BYTES + 1, 1);
  expect(() => readAll([head])).toThrow(`a message of ${String(MAX_MESSAGE_BYTES + 1)} bytes`);
});

test('a compressed message is an error', () => {
  expect(() => readAll([Buffer.from([1, 0, 0, 0, 0])])).toThrow('a compressed message');
});
