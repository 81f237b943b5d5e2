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
  const told = new Map<unknown, string>();
  try {
    while (!over.signal.aborted) {
      if (onTerminal) {
        tool.io.stdout.write(toTop);
        await show();
      } else for (const value of await values()) if (isNews(told, value)) tool.print(JSON.stringify(value));
      await delay((seconds === true ? usualSeconds : seconds) * 1000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
  tool.finish(exitStatus.interrupted);
}

/** That time goes on is no news; nor is started_at, which the daemon takes from the kernel's clock ticks, some milliseconds off: another start has another pid. */
function isNews(told: Map<unknown, string>, { uptime_seconds: _uptime, started_at: _start, ...value }: NamedValue): boolean {
  const text = JSON.stringify(value);
  if (told.get(value['name']) === text) return false;
  told.set(value['name'], text);
  return true;
}
