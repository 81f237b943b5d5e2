import type { LogPolicy } from '../definition';
import type { TableReader } from '../table-reader';
import { readDuration, readOutputTarget, readSize } from '../values';

const mostFiles = 1_000_000;
const mostLines = 1_000_000_000;

/** What becomes of its output. */
export function readLog(table: TableReader): LogPolicy {
  const log = table.inner('log');
  const policy = {
    maxSizeBytes: log?.read('max_size', readSize) ?? 50 * 2 ** 20,
    maxFiles: log?.integer('max_files', 1, mostFiles) ?? 10,
    maxAgeMs: wholeMs(log, 'max_age'),
    compress: log?.flag('compress') ?? false,
    format: log?.oneOf('format', ['cri', 'raw']) ?? 'cri',
    stdout: log?.read('stdout', readOutputTarget) ?? { is: 'keep' },
    stderr: log?.read('stderr', readOutputTarget) ?? { is: 'keep' },
    rate: readRate(log),
  } as const;
  if (policy.maxSizeBytes < 4096) log?.complain('bad-value', 'max_size', `${log.name}: max_size: expected 4k or more`);
  log?.end();
  return policy;
}

/** A time that is counted in milliseconds. */
function wholeMs(table: TableReader | undefined, key: string): number | undefined {
  return table?.read(key, (value) => {
    const read = readDuration(value);
    return 'value' in read && !Number.isInteger(read.value) ? { problem: 'expected whole milliseconds' } : 'value' in read && read.value === 0 ? { problem: 'expected more than nothing' } : read;
  });
}

function readRate(log: TableReader | undefined): LogPolicy['rate'] {
  const rate = log?.inner('rate');
  if (rate === undefined) return undefined;
  const lines = rate.integer('lines', 1, mostLines);
  const perMs = wholeMs(rate, 'per') ?? 1000;
  if (!rate.has('lines')) rate.complain('contradiction', undefined, `${rate.name}: lines is missing`);
  rate.end();
  return lines === undefined ? undefined : { lines, perMs };
}
