import { constants } from 'node:os';
import type { Settings, StopStep } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { type Read, readDuration, readSignal, readWords } from '../values';

const defaultWaitMs = 10_000;

/** How it is ended, and told to read its files anew. */
export function readStop(table: TableReader): Pick<Settings, 'stopSteps' | 'killMode' | 'reload'> {
  return { stopSteps: readSteps(table), killMode: table.oneOf('kill_mode', ['group', 'process']) ?? 'group', reload: readReload(table) };
}

/** A signal, with `stopwaitsecs`; or steps, `[["INT", 5], ["TERM", 10]]`. */
function readSteps(table: TableReader): readonly StopStep[] {
  const waitMs = table.duration('stopwaitsecs');
  const isList = Array.isArray(table.table['stopsignal']);
  if (isList && waitMs !== undefined) table.complain('contradiction', 'stopwaitsecs', `${table.name}: each step of stopsignal says itself how long it is waited for`);
  if (isList) return table.read('stopsignal', stepsOf) ?? [];
  const signal = table.read('stopsignal', readSignal);
  const isOfImage = signal === undefined && table.has('image');
  return [{ signal: signal ?? constants.signals.SIGTERM, waitMs: waitMs ?? defaultWaitMs, ...(isOfImage ? { isOfImage } : {}) }];
}

function stepsOf(value: unknown): Read<readonly StopStep[]> {
  const steps: StopStep[] = [];
  for (const step of value as readonly unknown[]) {
    const [first, second, ...rest] = Array.isArray(step) ? (step as readonly unknown[]) : [];
    if (first === undefined || second === undefined || rest.length > 0) return { problem: `expected steps such as ["INT", 5], not ${kindOf(step)}` };
    const signal = readSignal(first);
    if ('problem' in signal) return signal;
    const wait = readDuration(second);
    if ('problem' in wait) return wait;
    steps.push({ signal: signal.value, waitMs: wait.value });
  }
  return steps.length === 0 ? { problem: 'expected at least one step' } : { value: steps };
}

function readReload(table: TableReader): Settings['reload'] {
  const signal = table.read('reload_signal', readSignal);
  const command = table.read('reload_command', readWords);
  if (table.has('reload_signal') && table.has('reload_command')) table.complain('contradiction', 'reload_command', `${table.name}: either reload_signal or reload_command`);
  if (signal !== undefined) return { is: 'signal', signal };
  return command === undefined ? undefined : { is: 'command', command };
}
