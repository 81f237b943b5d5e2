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

/** One line of the format `cri`, in bytes: a test looks at hundreds of thousands, for each of which {@link decodeCri} takes ten times as long. */
const criLine = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([FP]) ([^\n]*)\n/y;

/** What each stream wrote, byte for byte. @throws Error for a line that is none of the format */
export function keptTexts(dir: string): Record<OutputStream, string> {
  const all = keptBytes(dir, 'output').toString('latin1');
  const texts = { stdout: '', stderr: '' };
  // Of what is written at once all lines have the same one.
  let lastTime = '';
  for (let at = 0; at < all.length; at = criLine.lastIndex) {
    criLine.lastIndex = at;
    const [, time = '', stream, tag, text = ''] = criLine.exec(all) ?? [];
    if ((stream !== 'stdout' && stream !== 'stderr') || (time !== lastTime && Number.isNaN(Date.parse(time)))) throw new Error(`not a line of the format: ${all.slice(at, at + 200)}`);
    lastTime = time;
    texts[stream] += tag === 'F' ? `${text}\n` : text;
  }
  return { stdout: utf8(texts.stdout), stderr: utf8(texts.stderr) };
}

/** What a stream wrote, byte for byte. */
export function keptText(dir: string, stream: OutputStream): string {
  return keptTexts(dir)[stream];
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** What all files of a directory take; one that is rotated away meanwhile takes nothing. */
export function keptSize(dir: string): number {
  return readdirSync(dir).filter((name) => parseKeptName(name) !== undefined).reduce((sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
