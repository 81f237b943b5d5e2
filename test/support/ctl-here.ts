import { PassThrough, Writable } from 'node:stream';

import { run } from '../../src/ctl/program/run';
import { patienceMs, within } from './deadline';

/** How a run of holdfastctl ended. */
export interface CtlEnd {
  /** Exit status; 128 + the number of the signal that ended it, as a shell has it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Keeps what is written. */
class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/**
 * What holdfastctl does once it has been started, in the test's own process: a start of Node is nine tenths of what a verb costs. For tests of what many verbs say and
 * exit with, beside some that run the program (bin/holdfastctl is this and src/ctl/launch.ts and main.ts). Its stdin is empty, no signal comes, and the working directory is the tests'.
 */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<CtlEnd> {
  const stdout = new Kept();
  const stderr = new Kept();
  const stdin = new PassThrough().end();
  const ended = run(args, { stdin, stdout, stderr, env, onSignal: () => () => undefined });
  const status = await within(ended, `the end of ${args.join(' ')}`, patienceMs, () => `printed: ${stdout.text}${stderr.text}`);
  return { status, stdout: stdout.text, stderr: stderr.text };
}
