import type { ByteText } from '../../sys/files/rooted-directory';
import { TarError } from './entry';

/** Records of a pax extended header, in their order; a key may come again in old sparse formats, so nothing is merged. */
export type PaxRecords = readonly (readonly [ByteText, ByteText])[];

/** Reads `<length> <key>=<value>\n` again and again, values of any bytes (POSIX.1-2017, pax). @throws TarError */
export function readPax(content: Buffer): PaxRecords {
  const records: [ByteText, ByteText][] = [];
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at);
    const digits = blank < 0 ? '' : content.toString('latin1', at, Math.min(blank, at + 16));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = content.indexOf(0x3d, blank);
    if (length === 0 || end > content.length || content[end - 1] !== 0x0a || equals <= blank || equals >= end) throw new TarError('a damaged pax header');
    records.push([content.toString('latin1', blank + 1, equals), content.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** Writes records as they are read. Keys and values are bytes. */
export function writePax(records: PaxRecords): Buffer {
  return Buffer.concat(records.map(([key, value]) => record(key, value)));
}

/** The length counts its own digits. */
function record(key: ByteText, value: ByteText): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`, 'latin1');
}

/** `<seconds>[.<fraction>]` in nanoseconds; what is finer is cut off. @throws TarError */
export function paxTime(value: ByteText, key: string): bigint {
  const [, sign, seconds, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value) ?? [];
  if (seconds === undefined) throw new TarError(`a pax header whose ${key} is no time: ${JSON.stringify(value)}`);
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}

/** A number that is not negative. @throws TarError */
export function paxNumber(value: ByteText, key: string): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new TarError(`a pax header whose ${key} is no number: ${JSON.stringify(value.slice(0, 40))}`);
  return number;
}
