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

/**
 * Shows it again and again until it is interrupted, in place on a terminal.
 * @throws CtlError where it is neither for a terminal nor JSON
 */
export async function watch(tool: Tool, seconds: number | true, asJson: boolean, show: () => Promise<void>): Promise<void> {
  const onTerminal = tool.io.stdout.isTTY === true && !asJson;
  if (!onTerminal && !asJson) throw new CtlError('invalid-argument', '--watch needs a terminal or --json');
  const over = new AbortController();
  const stop = tool.io.onSignal('SIGINT', () => { over.abort(); });
  try {
    while (!over.signal.aborted) {
      if (onTerminal) tool.io.stdout.write(toTop);
      await show();
      await delay((seconds === true ? usualSeconds : seconds) * 1000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
  tool.finish(exitStatus.interrupted);
}
