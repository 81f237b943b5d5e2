import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import { CtlError } from './errors';
import { exitStatus } from './exit-status';
import { parseDuration } from './text/duration';
import type { Tool } from './tool';

const usualSeconds = 2;
const toTop = '\u001b[H\u001b[2J';

/** The value of --watch: seconds, or a duration. */
export function watched(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : parseDuration(value);
  if (number === undefined || number < 0.1) throw new InvalidArgumentError('Seconds are wanted, at least 0.1.');
  return number;
}

/** What is watched: on a terminal it is shown, for programs it is told. */
export interface Watched {
  readonly show: () => Promise<void>;
  /** As JSON, each with its name. */
  readonly values: () => Promise<readonly NamedValue[]>;
}

type NamedValue = Readonly<Record<string, unknown>>;

/**
 * Shows it again and again until it is interrupted: in place on a terminal; with --json a line for each that is not as it was the time before.
 * @throws CtlError where it is neither for a terminal nor JSON
 */
export async function watch(tool: Tool, seconds: number | true, asJson: boolean, { show, values }: Watched): Promise<void> {
  const onTerminal = tool.io.stdout.isTTY === true && !asJson;
  if (!onTerminal && !asJson) throw new CtlError('invalid-argument', '--watch needs a terminal or --json');
  const over = new AbortController();
  const stop = tool.io.onSignal('SIGINT', () => { over.abort(); });
  const told = new Map<unknown, NamedValue>();
  try {
    while (!over.signal.aborted) {
      if (onTerminal) {
        tool.io.stdout.write(toTop);
        await show();
      } else for (const value of newsOf(told, await values())) tool.print(JSON.stringify(value));
      await delay((seconds === true ? usualSeconds : seconds) * 1000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
  tool.finish(exitStatus.interrupted);
}

/** What is not as it was told, and, once, what is no more: as it was told last, `removed`. */
export function newsOf(told: Map<unknown, NamedValue>, values: readonly NamedValue[]): readonly NamedValue[] {
  const news = values.filter((value) => !isSame(told.get(value['name']), value));
  const names = new Set(values.map((value) => value['name']));
  const gone = [...told].filter(([name]) => !names.has(name));
  for (const value of news) told.set(value['name'], value);
  for (const [name] of gone) told.delete(name);
  return [...news, ...gone.map(([, value]) => ({ ...value, removed: true }))];
}

/** That time goes on is no news: neither that it runs longer, nor that its next start is nearer. */
function isSame(before: NamedValue | undefined, now: NamedValue): boolean {
  if (before === undefined) return false;
  const lasting = ({ uptime_seconds: _uptime, reason, ...rest }: NamedValue): string => JSON.stringify({ ...rest, reason: typeof reason === 'string' ? reason.replace(/ in (\d+ days?, )?\d+:\d\d:\d\d$/, '') : reason });
  return lasting(before) === lasting(now);
}
