import { FIELD_OVERHEAD_BYTES, fieldBytes, type HeaderField } from './hpack-table';

const LITERAL_WITHOUT_INDEXING = 0x00;
const LITERAL_NEVER_INDEXED = 0x10;

/**
 * A header block that needs no table on either side: each field a literal that is not indexed, its strings
 * without Huffman coding (RFC 7541, 6.2.2 and 6.2.3). It can therefore follow upon anything that the peer's
 * decoder has seen before. At most `fieldBytes` a field.
 */
export function encodeHeaderBlock(fields: readonly HeaderField[]): Buffer {
  const size = fields.reduce((sum, field) => sum + fieldBytes(field), 0);
  // One byte for the kind, and lengths of at most five bytes each, are well within a field's overhead.
  const block = Buffer.allocUnsafe(size + FIELD_OVERHEAD_BYTES);
  let at = 0;
  for (const field of fields) {
    at = block.writeUInt8(field.neverIndexed ? LITERAL_NEVER_INDEXED : LITERAL_WITHOUT_INDEXING, at);
    at = writeString(block, at, field.name);
    at = writeString(block, at, field.value);
  }
  return block.subarray(0, at);
}

function writeString(block: Buffer, start: number, text: string): number {
  const at = writeLength(block, start, text.length);
  return at + block.write(text, at, 'latin1');
}

/** An integer with a prefix of seven bits (section 5.1), the eighth left 0: no Huffman coding. */
function writeLength(block: Buffer, start: number, length: number): number {
  if (length < 0x7f) return block.writeUInt8(length, start);
  let at = block.writeUInt8(0x7f, start);
  let rest = length - 0x7f;
  while (rest >= 0x80) {
    at = block.writeUInt8((rest & 0x7f) | 0x80, at);
    rest >>>= 7;
  }
  return block.writeUInt8(rest, at);
}
