import type { LogPolicy, Settings } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { parseHostPort, readOutputTarget, readSize } from '../values';

const mostFiles = 1_000_000;
const mostLines = 1_000_000_000;

/** What becomes of its output. */
export function readLog(table: TableReader): LogPolicy {
  const log = table.inner('log');
  const policy = {
    maxSizeBytes: log?.read('max_size', readSize) ?? 50 * 2 ** 20,
    maxFiles: log?.integer('max_files', 1, mostFiles) ?? 10,
    maxAgeMs: log?.duration('max_age'),
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

function readRate(log: TableReader | undefined): LogPolicy['rate'] {
  const rate = log?.inner('rate');
  if (rate === undefined) return undefined;
  const lines = rate.integer('lines', 1, mostLines);
  const perMs = rate.duration('per') ?? 1000;
  if (!rate.has('lines')) rate.complain('contradiction', undefined, `${rate.name}: lines is missing`);
  if (perMs === 0) rate.complain('bad-value', 'per', `${rate.name}: per: expected more than nothing`);
  rate.end();
  return lines === undefined ? undefined : { lines, perMs };
}

/** Sockets by their names. */
export function readListen(table: TableReader): Settings['listen'] {
  const listen = table.inner('listen');
  const sockets = Object.keys(listen?.table ?? {}).flatMap((name) => {
    // The names of LISTEN_FDNAMES have colons between them: sd_listen_fds(3).
    if (name === '' || /[:\0-\x20\x7f]/.test(name)) listen?.complain('bad-value', name, `${table.name}: listen: ${JSON.stringify(name)} is no name of a socket`);
    const address = listen?.read(name, (value) => (typeof value === 'string' && isAddress(value)
      ? { value }
      : { problem: `expected tcp://host:port, udp://host:port or unix:///path, not ${kindOf(value)}` }));
    return address === undefined ? [] : [{ name, address }];
  });
  listen?.end();
  return sockets;
}

function isAddress(text: string): boolean {
  if (text.startsWith('unix:///')) return text.length > 'unix:///'.length && !text.includes('\0');
  const rest = /^(?:tcp|udp):\/\/(.*)$/.exec(text)?.[1];
  // A port may hold a reference: then each process's is looked at.
  return rest !== undefined && (rest.includes('${') || (parseHostPort(rest)?.port ?? 0) > 0);
}
