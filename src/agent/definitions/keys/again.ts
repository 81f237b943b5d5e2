import type { ExpectedEnd, OnFatal, RestartPolicy, Settings } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { type Read, readSignal, readWords } from '../values';

type Again = Pick<Settings, 'autorestart' | 'expectedEnds' | 'startMs' | 'startRetries' | 'restart' | 'onFatal'>;

/** Whether, and how, it is started again. */
export function readAgain(table: TableReader): Again {
  if (table.table['oneshot'] === true && table.has('startsecs')) table.complain('contradiction', 'startsecs', `${table.name}: a oneshot has no startsecs`);
  return {
    autorestart: table.read('autorestart', readAutorestart) ?? 'unexpected',
    expectedEnds: table.read('exitcodes', readEnds) ?? [{ status: 0 }],
    startMs: table.duration('startsecs') ?? 1000,
    startRetries: table.read('startretries', readRetries) ?? 'forever',
    restart: readRestart(table),
    onFatal: table.read('on_fatal', readOnFatal) ?? { is: 'none' },
  };
}

function readAutorestart(value: unknown): Read<Settings['autorestart']> {
  if (value === true || value === 'always') return { value: 'always' };
  if (value === false || value === 'never') return { value: 'never' };
  return value === 'unexpected' ? { value } : { problem: `expected "unexpected", "always" (true) or "never" (false), not ${kindOf(value)}` };
}

function readEnds(value: unknown): Read<readonly ExpectedEnd[]> {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ends: ExpectedEnd[] = [];
  for (const each of values) {
    if (typeof each === 'number' && Number.isInteger(each) && each >= 0 && each <= 255) {
      ends.push({ status: each });
      continue;
    }
    const signal = typeof each === 'string' && !/^\d/.test(each) ? readSignal(each) : undefined;
    if (signal === undefined || 'problem' in signal) return { problem: `expected numbers, 0 to 255, or names of signals, not ${kindOf(each)}` };
    ends.push({ signal: signal.value });
  }
  return { value: ends };
}

function readRetries(value: unknown): Read<number | 'forever'> {
  const isFine = value === 'forever' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
  return isFine ? { value } : { problem: `expected a whole number, or "forever", not ${kindOf(value)}` };
}

function readRestart(table: TableReader): RestartPolicy {
  const restart = table.inner('restart');
  const policy = {
    initialMs: restart?.duration('initial') ?? 1000,
    maxMs: restart?.duration('max') ?? 60_000,
    factor: restart?.number('factor', 1, 100) ?? 2,
    jitter: restart?.number('jitter', 0, 1) ?? 0.2,
    resetMs: restart?.duration('reset') ?? 60_000,
    limit: readLimit(restart),
  };
  if (policy.maxMs < policy.initialMs) restart?.complain('contradiction', restart.has('max') ? 'max' : 'initial', `${restart.name}: max is less than initial`);
  restart?.end();
  return policy;
}

function readLimit(restart: TableReader | undefined): RestartPolicy['limit'] {
  const limit = restart?.inner('limit');
  if (limit === undefined) return undefined;
  const count = limit.integer('count', 1, 1_000_000);
  const withinMs = limit.duration('within');
  for (const key of ['count', 'within']) if (!limit.has(key)) limit.complain('contradiction', undefined, `${limit.name}: ${key} is missing`);
  limit.end();
  return count === undefined || withinMs === undefined ? undefined : { count, withinMs };
}

function readOnFatal(value: unknown): Read<OnFatal> {
  if (value === 'none' || value === 'shutdown') return { value: { is: value } };
  const command = Array.isArray(value) ? readWords(value) : undefined;
  return command !== undefined && 'value' in command
    ? { value: { is: 'command', command: command.value } }
    : { problem: `expected "none", "shutdown" or a command as an array, not ${kindOf(value)}` };
}
