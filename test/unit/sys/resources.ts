// What the tests of this room share: a directory of their own, and the proof that nothing leaks.
import { fstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { Poller } from '../../../src/sys/poller';

// With the first stream of a process libuv opens a descriptor that it keeps (uv__stream_init): not in one of the tests.
connect('/nonexistent').on('error', () => undefined);

/** A directory for the duration of one test. */
export class Scratch {
  readonly path = mkdtempSync(join(tmpdir(), 'holdfast-sys-'));

  file(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A Poller whose callbacks' errors are kept. */
export function pollerWithErrors(): { readonly poller: Poller; readonly errors: unknown[] } {
  const errors: unknown[] = [];
  return { poller: new Poller((error) => errors.push(error)), errors };
}

/** Waits out what is closed in a later turn, then tells the number of open descriptors. */
export async function countDescriptors(): Promise<number> {
  await nextTurn();
  await nextTurn();
  return readdirSync('/proc/self/fd').length;
}

/** A promise and what settles it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** What a function throws. */
export function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}

/**
 * Makes a signal reach `process.on` inside of a test: jest gives the tests a copy of `process`, whose
 * listeners Node does not know of. Returns what undoes it.
 */
export function forwardSignal(signal: NodeJS.Signals): () => void {
  const real = runInThisContext('process') as NodeJS.Process;
  const forward = (): boolean => process.emit(signal, signal);
  real.on(signal, forward);
  return () => real.off(signal, forward);
}

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** Two flags of an open descriptor. */
export function flagsOf(fd: number): { readonly nonBlocking: boolean; readonly closeOnExec: boolean } {
  const [, octal = ''] = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  const flags = parseInt(octal, 8);
  return { nonBlocking: (flags & O_NONBLOCK) !== 0, closeOnExec: (flags & O_CLOEXEC) !== 0 };
}

/** Whether this process has a descriptor of that number. */
export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}
