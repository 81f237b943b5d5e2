import { WireError } from './wire-error';

/**
 * How many bits the code of each octet has, and, last, that of EOS (RFC 7541, appendix B). The code is
 * canonical (section 5.2 says so of codes of one length), so the lengths are all there is to know.
 */
// prettier-ignore
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const END_OF_STRING = 256;
const SHORTEST_CODE_BITS = 5;

/**
 * The code as a tree in an array: node n has its children at 2n (bit 0) and 2n + 1 (bit 1). A child is
 * the number of a node, or the complement of a symbol (which is negative).
 */
const tree = buildTree();

/**
 * Decodes a Huffman-coded string literal into octets, one per character (latin1).
 *
 * @throws WireError bad-header-compression: padding that is longer than seven bits or not the start of EOS, or
 * EOS itself (section 5.2)
 */
export function decodeHuffman(bytes: Buffer): string {
  const octets = Buffer.allocUnsafe(Math.floor((bytes.length * 8) / SHORTEST_CODE_BITS));
  let length = 0;
  let node = 0;
  let bitsSinceSymbol = 0;
  let onlyOnes = true;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >>> shift) & 1;
      const next = tree[2 * node + bit] ?? 0;
      if (next >= 0) {
        node = next;
        bitsSinceSymbol++;
        onlyOnes = onlyOnes && bit === 1;
        continue;
      }
      if (~next === END_OF_STRING) throw new WireError('bad-header-compression', 'EOS in a Huffman-coded string');
      octets[length++] = ~next;
      node = 0;
      bitsSinceSymbol = 0;
      onlyOnes = true;
    }
  }
  if (bitsSinceSymbol > 7 || !onlyOnes) {
    throw new WireError('bad-header-compression', 'a Huffman-coded string ends in bad padding');
  }
  return octets.toString('latin1', 0, length);
}

function buildTree(): Int16Array {
  const symbols = [...codeLengths.keys()].sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  const nodes = new Int16Array(2 * codeLengths.length);
  let used = 1;
  let code = 0;
  let bits = 0;
  for (const symbol of symbols) {
    // Canonical: each code is the one before plus one, widened to its own length.
    code = bits === 0 ? 0 : code + 1;
    code *= 2 ** (bitsOf(symbol) - bits);
    bits = bitsOf(symbol);
    let node = 0;
    for (let shift = bits - 1; shift > 0; shift--) {
      const slot = 2 * node + ((code >>> shift) & 1);
      if (nodes[slot] === 0) nodes[slot] = used++;
      node = nodes[slot] ?? 0;
    }
    nodes[2 * node + (code & 1)] = ~symbol;
  }
  return nodes;
}

function bitsOf(symbol: number): number {
  return codeLengths[symbol] ?? 0;
}
