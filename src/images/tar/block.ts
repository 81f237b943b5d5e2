import type { ByteText } from '../../sys/files/rooted-directory';
import { BLOCK, TarError } from './entry';

/** Where a field of a header lies: its first byte, and how many it has. */
type Field = readonly [number, number];

// POSIX.1-2017, pax, "ustar Interchange Format".
const NAME: Field = [0, 100];
const MODE: Field = [100, 8];
const UID: Field = [108, 8];
const GID: Field = [116, 8];
const SIZE: Field = [124, 12];
const MTIME: Field = [136, 12];
const CHECKSUM: Field = [148, 8];
const TYPE = 156;
const LINK_NAME: Field = [157, 100];
const MAGIC: Field = [257, 8];
const MAJOR: Field = [329, 8];
const MINOR: Field = [337, 8];
const PREFIX: Field = [345, 155];

const SPACE = 0x20;

/** A header block's own fields. */
export interface HeaderBlock {
  /** The type flag, one character. */
  readonly type: string;
  readonly path: ByteText;
  readonly linkPath: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly major: number;
  readonly minor: number;
}

export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header. @throws TarError */
export function readHeader(block: Buffer): HeaderBlock {
  checkSum(block);
  const magic = text(block, MAGIC);
  const isPosix = block.toString('latin1', MAGIC[0], MAGIC[0] + 6) === 'ustar\0';
  const prefix = isPosix ? text(block, PREFIX) : '';
  const hasDevice = magic.startsWith('ustar');
  return {
    type: String.fromCharCode(block[TYPE] ?? 0),
    path: prefix === '' ? text(block, NAME) : `${prefix}/${text(block, NAME)}`,
    linkPath: text(block, LINK_NAME),
    mode: number(block, MODE, 'mode'),
    uid: number(block, UID, 'uid'),
    gid: number(block, GID, 'gid'),
    size: whole(number(block, SIZE, 'size'), 'size'),
    mtimeSeconds: number(block, MTIME, 'mtime'),
    major: hasDevice ? number(block, MAJOR, 'device number') : 0,
    minor: hasDevice ? number(block, MINOR, 'device number') : 0,
  };
}

/** A number of the format: octal digits, or (GNU's) a first byte with its highest bit set and two's complement after it. @throws TarError */
export function number(block: Buffer, [at, length]: Field, name: string): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, at, length, name);
  const digits = block.toString('latin1', at, at + length).replaceAll(/^[ \0]+|[ \0].*$/gs, '');
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new TarError(`a header whose ${name} is no number: ${JSON.stringify(digits)}`);
  return Number.parseInt(digits, 8);
}

/** A number that counts bytes. @throws TarError */
export function whole(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TarError(`a header whose ${name} cannot be: ${value}`);
  return value;
}

function base256(block: Buffer, at: number, length: number, name: string): number {
  const isNegative = ((block[at] ?? 0) & 0x40) !== 0;
  let value = BigInt(isNegative ? (block[at] ?? 0) - 0x100 : (block[at] ?? 0) & 0x7f);
  for (let index = at + 1; index < at + length; index += 1) value = value * 256n + BigInt(block[index] ?? 0);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) throw new TarError(`a header whose ${name} is out of range`);
  return Number(value);
}

function text(block: Buffer, [at, length]: Field): ByteText {
  const end = block.indexOf(0, at);
  return block.toString('latin1', at, end < at || end > at + length ? at + length : end);
}

/** The sum of all bytes with the field itself as blanks; some writers took the bytes as signed. */
function checkSum(block: Buffer): void {
  const [at, length] = CHECKSUM;
  const written = Number.parseInt(block.toString('latin1', at, at + length).trim(), 8);
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    const byte = index >= at && index < at + length ? SPACE : (block[index] ?? 0);
    unsigned += byte;
    signed += byte > 0x7f ? byte - 0x100 : byte;
  }
  if (written !== unsigned && written !== signed) throw new TarError('not a tar archive, or a damaged one: a header with a wrong checksum');
}
