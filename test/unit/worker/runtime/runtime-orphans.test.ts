import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';

import { logArgs } from '../../../../src/runtime/oci/oci-runtime';
import { endRuntimeCallsOf } from '../../../../src/worker/runtime/runtime-orphans';
import { foreignHere } from '../../../support/foreign-here';
import { type SeenProcess, processOf, signalExactly } from '../../../support/processes';

const dir = '/nowhere/box/init';
const logFile = `${dir}/log.json`;
const asked = [...logArgs(logFile), 'start', 'box'];

describe('calls of the runtime that a dead shim or daemon has left', () => {
  let scratch: string;
  let script: string;
  const started: ChildProcess[] = [];
  const orphans: SeenProcess[] = [];
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'holdfast-orphans-'));
    script = join(scratch, 'script');
    writeFileSync(script, '#!/bin/sh\nread line\n', { mode: 0o755 });
  });
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    for (const orphan of orphans.splice(0)) signalExactly(orphan, 'SIGKILL');
    rmSync(scratch, { recursive: true });
  });

  const start = async (file: string, args: readonly string[]): Promise<ChildProcess> => {
    const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    started.push(child);
    await once(child, 'spawn');
    return child;
  };
  const isThere = ({ pid }: ChildProcess): boolean => pid !== undefined && processOf(pid) !== undefined;

  /** A program that reads a line, whatever its arguments, and is no script. */
  const binary = (): string => {
    const path = join(scratch, 'binary');
    copyFileSync(process.execPath, path);
    return path;
  };
  const readsLine = ['-e', 'process.stdin.once("data", () => process.exit())', '--'];

  test.each<readonly [string, () => Promise<readonly [ChildProcess, string]>]>([
    ['of a program', async () => { const program = binary(); return [await start(program, [...readsLine, ...asked]), program]; }],
    ['of a script', async () => [await start(script, asked), script]],
    ['of a shim that dies before its execve', async () => [await start(process.execPath, [...readsLine, '--serve', '/nowhere', '--name', 'dead-shim-1']), '/usr/bin/none']],
  ])('one %s is waited for', async (_title, begin) => {
    const [call, runtime] = await begin();
    let hasEnded = false;
    const ended = endRuntimeCallsOf(foreignHere, { dir, runtime }, ['dead-shim-1']).then(() => (hasEnded = true));
    await turn();
    expect(hasEnded).toBe(false);
    call.stdin?.end('\n');
    await ended;
    expect(isThere(call)).toBe(false);
  });

  test('one that does not end is ended', async () => {
    const call = await start(script, ['--pid-file', `${dir}/pid`, 'box']);
    const exit = once(call, 'exit');
    await endRuntimeCallsOf(foreignHere, { dir, runtime: script }, []);
    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  /**
   * Has a shell start the programs, which are nobody's arguments but their own: one that waits for them, that has ended,
   * or that waits and is left behind by its session's leader. Resolves with their pids.
   */
  const startFromShell = async (last: 'wait' | 'exit' | 'wait behind', ...programs: (readonly string[])[]): Promise<number[]> => {
    const launcher = join(scratch, 'launcher');
    // Not the shell's own input, which ends with the shell.
    const input = join(mkdtempSync(join(scratch, 'input-')), 'fifo');
    const isBehind = last === 'wait behind';
    const quoted = programs.map((words) => `${words.map((word) => `'${word}'`).join(' ')} <&3 >/dev/null & echo $!`);
    const body = [...quoted, 'exec >&-', isBehind ? 'wait' : last];
    writeFileSync(launcher, ['#!/bin/sh', `mkfifo ${input} && exec 3<>${input}`, ...(isBehind ? ['{', ...body, '} &'] : body)].join('\n'), { mode: 0o755 });
    const shell = spawn(launcher, { stdio: ['ignore', 'pipe', 'ignore'], detached: isBehind });
    started.push(shell);
    const pids = (await text(shell.stdout)).trim().split('\n').map(Number);
    orphans.push(...pids.flatMap((pid) => processOf(pid) ?? []));
    return pids;
  };

  test('what a script has become is known where its parent is dead', async () => {
    const [pid = 0] = await startFromShell('exit', ['/bin/sh', '-c', 'read line', 'sh', ...asked]);
    expect(processOf(pid)).toBeDefined();
    await endRuntimeCallsOf(foreignHere, { dir, runtime: script }, []);
    expect(processOf(pid)).toBeUndefined();
  });

  test.each(['wait', 'wait behind'] as const)('nobody else is, whatever files it reads or arguments it has (%s)', async (last) => {
    const pids = await startFromShell(
      last,
      ['tail', '-F', logFile, `${dir}/pid`],
      ['/bin/sh', '-c', 'read line', 'sh', ...asked],
      ['/bin/sh', '-c', 'read line', 'sh', script, logFile],
      [script, ...logArgs(`${dir}2/log.json`), 'start', 'box'],
      ['/bin/sh', '-c', 'read line', 'sh', '--name', 'dead-shim-1'],
    );
    const left = await startFromShell('exit', ['tail', '-F', logFile]);
    await endRuntimeCallsOf(foreignHere, { dir, runtime: script }, ['dead-shim-1']);
    expect([...pids, ...left].filter((pid) => processOf(pid) === undefined)).toEqual([]);
  });

  test('with no call under way there is nothing to wait for', async () => {
    await endRuntimeCallsOf(foreignHere, { dir, runtime: '/usr/bin/none' }, []);
  });
});
