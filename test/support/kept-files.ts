import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { errorCodeOf } from '../../src/sys/thrown';
import { type CriLine, decodeCri } from '../../src/runtime/kept-output/cri-format';
import { type Series, keptFileName, numbersOf, packedName, parseKeptName } from '../../src/runtime/kept-output/file-names';
import { KEPT_DEFAULTS, type KeptOutput, type OutputStream } from '../../src/runtime/kept-output/kept-output';

/** How output is kept in a directory: as by default, but for what is said. */
export function keptIn(dir: string, changes: Partial<KeptOutput> = {}): KeptOutput {
  return { dir, ...KEPT_DEFAULTS, ...changes };
}

/** One file, packed or not. */
function keptFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return gunzipSync(readFileSync(packedName(path)));
    throw error;
  }
}

/** The whole row of files, the oldest first. */
export function keptBytes(dir: string, series: Series): Buffer {
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return Buffer.concat(numbersOf(series, names).map((number) => keptFile(join(dir, keptFileName({ series, number })))));
}

/** The lines of the format `cri`. @throws Error for a line that is none */
export function keptLines(dir: string): CriLine[] {
  const bytes = keptBytes(dir, 'output');
  const lines: CriLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at);
    if (end < 0) throw new Error(`the last line has no end: ${bytes.toString('latin1', at)}`);
    const line = decodeCri(bytes.subarray(at, end));
    if (line === undefined) throw new Error(`not a line of the format: ${bytes.toString('latin1', at, end)}`);
    lines.push(line);
    at = end + 1;
  }
  return lines;
}

/** What a stream wrote, byte for byte. */
export function keptText(dir: string, stream: OutputStream): string {
  return keptLines(dir).filter((line) => line.stream === stream).map(({ text, isPartial }) => text.toString() + (isPartial ? '' : '\n')).join('');
}

/** What all files of a directory take; one that is rotated away meanwhile takes nothing. */
export function keptSize(dir: string): number {
  return readdirSync(dir).filter((name) => parseKeptName(name) !== undefined).reduce((sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
