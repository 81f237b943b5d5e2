import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { clearStarting } from '../../../src/runtime/state-dir/start-mark';
import { within } from '../../support/deadline';
import { writeFakeRuntime } from '../../support/fake-runtime';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost, shimProgram } from '../../support/shim-host';
import type { PreparedProcess } from '../../support/shim-host';

/** As the original daemon starts its shim: in the process's directory, without stdio. */
function startShim(prepared: PreparedProcess, runtime = 'runc'): { readonly child: ChildProcess; readonly exited: Promise<number | null> } {
  clearStarting(prepared.dir);
  const { id, bundle } = prepared.identity;
  const child = spawn(shimProgram, [id, bundle, runtime], { cwd: prepared.dir, stdio: 'ignore', detached: true });
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  return { child, exited: within(exited, 'the end of the shim') };
}

describeOnHost('holdfast-shim <id> <bundle> <runtime>', realContainers, () => {
  let host: ShimHost;

  beforeEach(() => {
    host = ShimHost.withoutShim();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('runs one process to its end by the original protocol', async () => {
    const stdio = host.test.stdio('one');
    const init = host.init('one', { args: ['sh', '-c', 'cat; exit 21'], ...stdio.paths });
    const shim = startShim(init);
    // The runtime's last act, as the original daemon sees it.
    await untilExists(join(init.dir, 'pid'));
    await host.test.runtime('start', 'one');
    await stdio.stdin.write('through\n');
    await stdio.stdout.until('through\n');
    stdio.stdin.close();
    await init.control('0 0 0\n');
    expect(await init.untilExit()).toBe(21);
    expect(await stdio.stdout.untilEnd()).toBe('through\n');
    expect(await shim.exited).toBe(0);
    expect(readFileSync(join(init.dir, 'shim-log.json'), 'utf8')).toBe('');
    expect(existsSync(join(host.test.runtimeRoot, 'one'))).toBe(false);
  });

  test('serves a terminal and an exec', async () => {
    const init = host.init('both', { args: ['sleep', '1000'] });
    const initShim = startShim(init);
    await untilExists(join(init.dir, 'pid'));
    await host.test.runtime('start', 'both');
    const stdio = host.test.stdio('shell', true);
    const exec = host.exec(init, 'shell', { args: ['sh'], terminal: true, ...stdio.paths });
    const execShim = startShim(exec);
    await exec.control('1 111 22\n');
    // Two FIFOs, and either may be read first.
    await stdio.stdin.write('until [ "$(stty size 2>/dev/null)" = "22 111" ]; do sleep 0.05; done; exit 4\n');
    expect(await exec.untilExit()).toBe(4);
    expect(await execShim.exited).toBe(0);
    initShim.child.kill('SIGTERM');
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
    expect(await initShim.exited).toBe(0);
  });

  test('leaves a failure of the runtime to its log', async () => {
    const init = host.init('failing', { args: ['/no/such/program'] });
    expect(await startShim(init).exited).toBe(0);
    expect(readFileSync(join(init.dir, 'shim-log.json'), 'utf8')).toBe('');
    expect(readFileSync(join(init.dir, 'log.json'), 'utf8')).toContain('no such file or directory');
    expect(existsSync(join(init.dir, 'pid'))).toBe(false);
  });

  test('says in its own log that the runtime is missing', async () => {
    const init = host.init('missing', { args: ['true'] });
    expect(await startShim(init, 'no-such-runtime').exited).toBe(1);
    expect(JSON.parse(init.shimLog())).toMatchObject({ level: 'error', msg: 'no-such-runtime not installed on system' });
  });

  test('says in its own log that process.json is missing', async () => {
    const init = host.init('empty', { args: ['true'] });
    rmSync(join(init.dir, 'process.json'));
    expect(await startShim(init).exited).toBe(1);
    expect(init.shimLog()).toContain('process.json');
  });

  test('a silent failure of the runtime leaves both logs silent', async () => {
    const init = host.init('silent', { args: ['true'] });
    expect(await startShim(init, writeFakeRuntime(host.test.own('runtime'), 'fails-silently')).exited).toBe(0);
    expect(init.shimLog()).toBe('');
  });

  test('refuses a command line that it does not know', async () => {
    const child = spawn(shimProgram, ['--serve'], { stdio: 'ignore' });
    const code = await within(new Promise((done) => child.once('exit', done)), 'the end of the shim');
    expect(code).toBe(2);
  });
});
