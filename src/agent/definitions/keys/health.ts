import { patternOf } from '../../../runtime/text/pattern';
import type { Health, HealthCheck, Ready, Settings } from '../definition';
import { type TableReader, isTable, kindOf } from '../table-reader';
import { type Read, parseHostPort, readWords } from '../values';

/** Whether it is well, and when it is ready. */
export function readWell(table: TableReader): Pick<Settings, 'health' | 'ready'> {
  const health = readHealth(table);
  const ready = table.read('ready', readReady) ?? { is: 'startsecs' };
  if (ready.is === 'health' && !table.has('health')) table.complain('contradiction', 'ready', `${table.name}: ready = "health" without a health check`);
  return { health, ready };
}

const kinds = ['exec', 'http', 'tcp', 'notify'] as const;

function readHealth(table: TableReader): Health | undefined {
  const health = table.inner('health');
  if (health === undefined) return undefined;
  const named = kinds.filter((kind) => health.has(kind));
  if (named.length !== 1) {
    const what = named.length === 0 ? `one of ${kinds.join(', ')} is missing` : `only one of ${named.join(' and ')}`;
    health.complain('contradiction', named[1], `${health.name}: ${what}`);
  }
  const check = readCheck(health);
  const read = {
    intervalMs: positive(health, 'interval') ?? 10_000,
    timeoutMs: positive(health, 'timeout') ?? 3000,
    retries: health.integer('retries', 1, 1_000_000) ?? 3,
    startPeriodMs: health.duration('start_period') ?? 0,
    startIntervalMs: positive(health, 'start_interval') ?? 1000,
    onFailure: health.oneOf('on_failure', ['restart', 'none']) ?? 'restart',
  } as const;
  health.end();
  return check === undefined ? undefined : { check, ...read };
}

function readCheck(health: TableReader): HealthCheck | undefined {
  const expectStatus = health.read('expect_status', readStatuses);
  const expectBody = health.text('expect_body');
  const command = health.read('exec', readWords);
  const url = health.read('http', readUrl);
  const address = health.read('tcp', readAddress);
  const notify = health.flag('notify');
  const forHttp = ['expect_status', 'expect_body'].find((key) => health.has(key));
  if (forHttp !== undefined && !health.has('http')) health.complain('contradiction', forHttp, `${health.name}: ${forHttp} without http`);
  if (notify === false) health.complain('bad-value', 'notify', `${health.name}: notify: true is all that makes sense`);
  if (command !== undefined) return { is: 'exec', command };
  if (url !== undefined) return { is: 'http', url, expectStatus: expectStatus ?? [{ from: 200, to: 399 }], expectBody };
  if (address !== undefined) return { is: 'tcp', address };
  return notify === true ? { is: 'notify' } : undefined;
}

function positive(table: TableReader, key: string): number | undefined {
  const ms = table.duration(key);
  if (ms === 0) table.complain('bad-value', key, `${table.name}: ${key}: expected more than nothing`);
  return ms;
}

/** `204`, `"200-299"`, or a list of such. */
function readStatuses(value: unknown): Read<readonly { readonly from: number; readonly to: number }[]> {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ranges: { readonly from: number; readonly to: number }[] = [];
  for (const each of values) {
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(typeof each === 'number' || typeof each === 'string' ? String(each) : '');
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || from > to) return { problem: `expected statuses such as 204 or "200-299", not ${kindOf(each)}` };
    ranges.push({ from, to });
  }
  return { value: ranges };
}

const hasReference = (text: string): boolean => text.includes('${');

function readUrl(value: unknown): Read<string> {
  // While references stand in it, it is looked at as far as it is whole.
  const plain = typeof value === 'string' ? value.replaceAll(/\$\{[^}]*\}/g, '1') : '';
  const isFine = typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(plain);
  return isFine ? { value } : { problem: `expected a URL such as "http://127.0.0.1:8080/", not ${kindOf(value)}` };
}

function readAddress(value: unknown): Read<string> {
  const parsed = typeof value === 'string' ? parseHostPort(value) : undefined;
  const isFine = typeof value === 'string' && (hasReference(value) || (parsed !== undefined && parsed.host !== '' && parsed.port !== 0));
  return isFine ? { value } : { problem: `expected host:port, not ${kindOf(value)}` };
}

function readReady(value: unknown): Read<Ready> {
  if (value === 'startsecs' || value === 'health' || value === 'notify') return { value: { is: value } };
  const pattern = isTable(value) && Object.keys(value).join() === 'log' ? value['log'] : undefined;
  if (typeof pattern !== 'string' || pattern === '') return { problem: `expected "startsecs", "health", "notify" or { log = "…" }, not ${kindOf(value)}` };
  // RE2's syntax: what a program writes may not cost more time than its length.
  return patternOf(pattern) === undefined ? { problem: `log: ${JSON.stringify(pattern)} is no regular expression` } : { value: { is: 'log', pattern } };
}
