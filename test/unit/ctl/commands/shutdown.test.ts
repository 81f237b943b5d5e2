import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../../src/ctl/program/run';
import { FakeIo } from '../support/fake-io';

// Of a process of its own: what is shut down here must not be the process that runs the tests.
const listener = `
  require('node:net').createServer().listen(process.argv[1], () => console.log('ready'));
  process.on('SIGTERM', () => process.exit(0));
`;

test('the process behind the socket is sent SIGTERM, and its end is waited for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-ctl-test-'));
  const path = join(directory, 'api.sock');
  const child = spawn(process.execPath, ['-e', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    const io = new FakeIo();
    expect(await run(['-s', path, 'pid'], io)).toBe(0);
    expect(await run(['-s', path, 'shutdown'], io)).toBe(0);
    expect(io.lines).toEqual([String(child.pid), 'Shut down']);
    expect(await exited).toEqual([0, null]);
    expect(await run(['-s', path, 'shutdown'], io)).toBe(1);
    expect(io.lines.at(-1)).toMatch(/^ERROR: unix:.*api\.sock (no such file|refused connection) \(already shut down\?\)$/);
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
