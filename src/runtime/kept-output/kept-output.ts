import { join } from 'node:path';
import type { Fields } from '../fields';
import type { JsonObject } from '../json';
import { type ContainerKey, nameOf } from '../state-dir/container-key';

/** The streams that are kept. A terminal has stdout alone. */
export type OutputStream = 'stdout' | 'stderr';

/**
 * `cri`: both streams in one row of files, a line each with its time, as kubelet and log shippers have it (see cri-format.ts).
 * `raw`: a row of files for each stream, byte for byte.
 */
export type KeptFormat = 'cri' | 'raw';

/** So many lines of each stream, and no more, are kept in that time. */
export interface LineRate {
  readonly lines: number;
  readonly perMs: number;
}

/** How a process's output is kept in files: that of each stream that has no path of its client. */
export interface KeptOutput {
  /** Where the files are, absolute: `keptDirectory`. Made where it is not there. */
  readonly dir: string;
  readonly format: KeptFormat;
  /** Of one file. With `maxFiles` a promise: what lies in `dir` is never more than both multiplied. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Where readers are told of that nothing is rotated away from (see holds.ts), absolute. Absent: there are none. */
  readonly holdsDir?: string | undefined;
  /** Lines beyond it are dropped, and counted in the output. Absent: all are kept. */
  readonly rate?: LineRate | undefined;
  /** What is older goes, before there is too much of it. Absent: nothing is too old. */
  readonly maxAgeMs?: number | undefined;
  /** Files that nothing more is written to are packed (packed.ts). Absent: they stay as they are. */
  readonly compress?: boolean | undefined;
}

export const KEPT_DEFAULTS = { format: 'cri', maxSizeBytes: 50 * 1024 * 1024, maxFiles: 10 } as const satisfies Omit<KeptOutput, 'dir' | 'holdsDir' | 'rate' | 'maxAgeMs' | 'compress'>;

/** Less than this holds no line with its time. */
export const LEAST_SIZE_BYTES = 1024;
export const MOST_FILES = 10_000;

/** Where a container's output is kept below `--root`. That of its exec'd processes goes there, too, so that all together is bounded. */
export function keptDirectory(root: string, key: ContainerKey): string {
  const { namespace, id } = nameOf(key);
  return join(root, 'output', namespace, id);
}

/** As a member of a JSON file. */
export function keptMember({ dir, format, maxSizeBytes, maxFiles, holdsDir, rate, maxAgeMs, compress }: KeptOutput): JsonObject {
  return {
    dir, format, maxSizeBytes, maxFiles,
    ...(holdsDir === undefined ? {} : { holdsDir }),
    ...(rate === undefined ? {} : { rate: { lines: rate.lines, perMs: rate.perMs } }),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(compress === true ? { compress } : {}),
  };
}

/** @throws RuntimeError, naming the member */
export function keptOf(fields: Fields): KeptOutput {
  const format = fields.string('format');
  if (format !== 'cri' && format !== 'raw') return fields.fail('format', 'neither cri nor raw');
  return {
    dir: fields.absolutePath('dir'),
    format,
    maxSizeBytes: fields.integer('maxSizeBytes', LEAST_SIZE_BYTES, Number.MAX_SAFE_INTEGER),
    maxFiles: fields.integer('maxFiles', 1, MOST_FILES),
    ...(fields.isAbsent('holdsDir') ? {} : { holdsDir: fields.absolutePath('holdsDir') }),
    ...rateOf(fields.optionalObject('rate')),
    ...(fields.isAbsent('maxAgeMs') ? {} : { maxAgeMs: fields.integer('maxAgeMs', 1, Number.MAX_SAFE_INTEGER) }),
    ...(fields.isAbsent('compress') ? {} : { compress: fields.boolean('compress') }),
  };
}

function rateOf(rate: Fields | undefined): { readonly rate?: LineRate } {
  return rate === undefined ? {} : { rate: { lines: rate.integer('lines', 1), perMs: rate.integer('perMs', 1) } };
}
