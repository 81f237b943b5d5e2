import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeExitStatus, writePid } from '../../../src/runtime/state-dir/process-dir';
import { WorkError } from '../../../src/worker/errors';
import { identifyTaken } from '../../../src/worker/identify-taken';
import { makeProcessDirectory } from '../../../src/worker/process-directory';
import type { ProcessHandle } from '../../../src/worker/process-handle';
import type { Shim } from '../../../src/worker/shims/shim';

const record = {
  spec: { user: { uid: 0, gid: 0 }, args: ['true'], cwd: '/' },
  exec: true, stdin: '', stdout: '', stderr: '', runtimeArgs: [], noPivotRoot: false, checkpoint: '', rootUid: 0, rootGid: 0,
};
const deadShim: Shim = {
  name: 'dead',
  isOurs: true,
  take: () => Promise.reject(new WorkError('shim-exited')),
  abort: () => Promise.reject(new WorkError('shim-exited')),
  untilInputEnds: () => Promise.reject(new WorkError('shim-exited')),
  untilRecorded: () => Promise.reject(new WorkError('shim-exited')),
};

let directory: string;
let handle: ProcessHandle;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-unit-'));
  handle = makeProcessDirectory(join(directory, 'exec'), record);
});
afterEach(() => {
  handle.close();
  rmSync(directory, { recursive: true });
});

async function take(pid: number, shim: Shim): Promise<void> {
  writePid(handle.dir, pid);
  await identifyTaken(handle, pid, shim);
}

/** The number of a process that is over and reaped. */
async function formerPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('a process that runs is held, whatever has become of its shim', async () => {
  await take(process.pid, deadShim);
  expect(handle.pidFd).toBeDefined();
});

test('one that is over with its status on disk needs nobody', async () => {
  writeExitStatus(handle.dir, 3);
  await expect(take(await formerPid(), deadShim)).resolves.toBeUndefined();
});

test('one that is over is waited for until its shim has recorded its end', async () => {
  const shim = { ...deadShim, untilRecorded: () => Promise.resolve(writeExitStatus(handle.dir, 3)) };
  await expect(take(await formerPid(), shim)).resolves.toBeUndefined();
});

test('one that is over, and its shim too, has not been taken over: nobody knows its status', async () => {
  await expect(take(await formerPid(), deadShim)).rejects.toMatchObject({ code: 'shim-exited' });
});
