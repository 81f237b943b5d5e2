import type { Limits, ResourceLimit, Settings } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { type Read, readAbsolutePath, readSize } from '../values';
import { readCapabilities } from './capabilities';

type HowMuch = Pick<
  Settings,
  'limits' | 'resourceLimits' | 'oomScoreAdjust' | 'nice' | 'noNewPrivileges' | 'capabilities' | 'readOnlyPaths' | 'privateTmp'
>;

/** setrlimit(2)'s, by the names of prlimit(1). In bytes are those of `inBytes`. */
export const resourceLimitNames = [
  'as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack',
] as const;
const inBytes: ReadonlySet<string> = new Set(['as', 'core', 'data', 'fsize', 'memlock', 'msgqueue', 'rss', 'stack']);
const mostProcessors = 4096;

/** How much it may have, and what it may do. */
export function readHowMuch(table: TableReader): HowMuch {
  const limits = table.inner('limits');
  const read = {
    limits: readLimits(limits),
    resourceLimits: resourceLimitNames.flatMap((name) => readResourceLimit(limits, name)),
    oomScoreAdjust: table.integer('oom_score_adjust', -1000, 1000),
    nice: table.integer('nice', -20, 19),
    noNewPrivileges: table.flag('no_new_privileges') ?? false,
    capabilities: readCapabilities(table),
    readOnlyPaths: table.read('read_only_paths', readPaths) ?? [],
    privateTmp: table.flag('private_tmp') ?? false,
  } as const;
  // Version 1 knows memory and swap together alone.
  if (limits?.has('swap') === true && !limits.has('memory')) limits.complain('contradiction', 'swap', `${limits.name}: swap without memory`);
  limits?.end();
  return read;
}

function readLimits(limits: TableReader | undefined): Limits {
  return {
    memoryBytes: sizeOf(limits, 'memory', 1),
    memoryHighBytes: sizeOf(limits, 'memory_high', 1),
    swapBytes: sizeOf(limits, 'swap', 0),
    cpus: limits?.number('cpus', 0.01, mostProcessors),
    cpuWeight: limits?.integer('cpu_weight', 1, 10_000),
    pids: limits?.integer('pids', 1, 2 ** 22),
    ioWeight: limits?.integer('io_weight', 1, 10_000),
  };
}

function sizeOf(limits: TableReader | undefined, key: string, least: number): number | undefined {
  return limits?.read(key, (value) => {
    const size = readSize(value);
    return 'value' in size && size.value < least ? { problem: 'expected more than nothing' } : size;
  });
}

/** A number, `"unlimited"`, or both limits, soft first: `"1024:4096"`. */
function readResourceLimit(limits: TableReader | undefined, name: string): readonly ResourceLimit[] {
  const limit = limits?.read(name, (value): Read<ResourceLimit> => {
    const parts = typeof value === 'string' ? value.split(':') : [value];
    const [soft, hard = soft] = parts.map((part) => readAmount(part, inBytes.has(name)));
    const isFine = parts.length <= 2 && soft !== undefined && hard !== undefined && amountOf(soft) <= amountOf(hard);
    const what = inBytes.has(name) ? 'a size' : 'a number';
    return isFine ? { value: { name, soft, hard } } : { problem: `expected ${what}, "unlimited", or soft and hard such as "1024:4096", not ${kindOf(value)}` };
  });
  return limit === undefined ? [] : [limit];
}

function readAmount(value: unknown, isSize: boolean): number | 'unlimited' | undefined {
  if (value === 'unlimited') return value;
  const isPlain = typeof value === 'string' && /^\d+$/.test(value);
  const read = isSize || isPlain || typeof value === 'number' ? readSize(value) : undefined;
  return read !== undefined && 'value' in read ? read.value : undefined;
}

function amountOf(amount: number | 'unlimited'): number {
  return amount === 'unlimited' ? Number.POSITIVE_INFINITY : amount;
}

function readPaths(value: unknown): Read<readonly string[]> {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const paths: string[] = [];
  for (const each of values) {
    const path = readAbsolutePath(each);
    if ('problem' in path) return path;
    paths.push(path.value);
  }
  return { value: paths };
}
