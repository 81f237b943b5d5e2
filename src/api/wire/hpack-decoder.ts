import { decodeHuffman } from './huffman';
import { fieldBytes, HpackTable, type HeaderField } from './hpack-table';
import { WireError } from './wire-error';

/** SETTINGS_HEADER_TABLE_SIZE where nothing else is advertised (RFC 9113, 6.5.2); Node advertises nothing else. */
export const HEADER_TABLE_BYTES = 4096;

/**
 * What the fields of one block may come to when decoded. A few bytes can name a table entry of 4 KiB again
 * and again, so the size of the block itself bounds nothing.
 */
export const MAX_HEADER_LIST_BYTES = 65_536;

/** Seven bits each after the prefix: 2^28 is more than any length or index within our bounds. */
const MAX_INTEGER_EXTENSION_BYTES = 4;

/** Decodes the header blocks of one direction of a connection, in order (RFC 7541). */
export class HpackDecoder {
  readonly #table = new HpackTable(HEADER_TABLE_BYTES);

  /**
   * @param block a whole header block: the fragments of HEADERS and CONTINUATION put together
   * @throws WireError bad-header-compression, header-block-too-large; the decoder is of no use afterwards
   */
  decode(block: Buffer): HeaderField[] {
    const reader = new BlockReader(block);
    const fields: HeaderField[] = [];
    let bytes = 0;
    while (!reader.atEnd) {
      const field = this.#next(reader, fields.length === 0);
      if (field === undefined) continue;
      bytes += fieldBytes(field);
      if (bytes > MAX_HEADER_LIST_BYTES) {
        throw new WireError('header-block-too-large', `header fields of more than ${MAX_HEADER_LIST_BYTES} bytes`);
      }
      fields.push(field);
    }
    return fields;
  }

  /** The next field, or undefined where it is a change of the table's size. */
  #next(reader: BlockReader, atStart: boolean): HeaderField | undefined {
    const first = reader.peek();
    if ((first & 0x80) !== 0) {
      const { name, value } = this.#table.at(reader.integer(7));
      return { name, value, neverIndexed: false };
    }
    if ((first & 0x40) !== 0) {
      const field = this.#literal(reader, 6, false);
      this.#table.add(field);
      return field;
    }
    if ((first & 0x20) !== 0) {
      if (!atStart) throw new WireError('bad-header-compression', 'a table size update after a field');
      this.#table.resize(reader.integer(5));
      return undefined;
    }
    return this.#literal(reader, 4, (first & 0x10) !== 0);
  }

  #literal(reader: BlockReader, prefixBits: number, neverIndexed: boolean): HeaderField {
    const index = reader.integer(prefixBits);
    const name = index === 0 ? reader.string() : this.#table.at(index).name;
    return { name, value: reader.string(), neverIndexed };
  }
}

/** The primitives of RFC 7541, section 5, read one after the other. */
class BlockReader {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.#at >= this.#block.length;
  }

  /** The next byte, not yet taken. */
  peek(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw new WireError('bad-header-compression', 'a header block that ends within a field');
    return byte;
  }

  /** Section 5.1; `prefixBits` are those of the first byte that belong to the integer. */
  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#take() & mask;
    if (value < mask) return value;
    for (let extension = 0; extension < MAX_INTEGER_EXTENSION_BYTES; extension++) {
      const byte = this.#take();
      value += (byte & 0x7f) * 2 ** (7 * extension);
      if ((byte & 0x80) === 0) return value;
    }
    throw new WireError('bad-header-compression', 'an integer of too many bytes');
  }

  /** Section 5.2. */
  string(): string {
    const huffman = (this.peek() & 0x80) !== 0;
    const end = this.integer(7) + this.#at;
    if (end > this.#block.length) throw new WireError('bad-header-compression', 'a string longer than its block');
    const octets = this.#block.subarray(this.#at, end);
    this.#at = end;
    return huffman ? decodeHuffman(octets) : octets.toString('latin1');
  }

  #take(): number {
    const byte = this.peek();
    this.#at++;
    return byte;
  }
}
