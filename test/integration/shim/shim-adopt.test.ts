import { closeSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isDeleted, isStdinClosed, markStdinClosed } from '../../../src/runtime/state-dir/process-dir';
import { duplicateFdOf, openPidFd } from '../../../src/sys/process/process';
import { within } from '../../support/deadline';
import { FifoWriter } from '../../support/fifo';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';
import type { PreparedProcess } from '../../support/shim-host';

/** SIGKILL to the shim, and another one in its place that adopts these. */
async function replaceShim(host: ShimHost, ...prepared: readonly PreparedProcess[]): Promise<void> {
  const adoptions = prepared.map((one) => one.adoption());
  await host.killShim();
  await host.startShim();
  for (const one of prepared) one.watchAnew();
  for (const adoption of adoptions) await host.client.request('adopt', adoption);
}

/** What the test, as a daemon, keeps of a shim's terminal. */
function holdTerminal(shimPid: number, terminalFd: number | undefined): number {
  if (terminalFd === undefined) throw new Error('no terminal');
  const pidFd = openPidFd(shimPid);
  try {
    return duplicateFdOf(pidFd, terminalFd);
  } finally {
    closeSync(pidFd);
  }
}

describeOnHost('a shim that dies', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('another one adopts its processes, and their statuses stay exact', async () => {
    const stdio = host.test.stdio('exact');
    const init = await host.run('exact', { args: ['sh', '-c', 'read line; exit $line'], ...stdio.paths });
    const exec = host.exec(init, 'exec', { args: ['sleep', '1000'] });
    await host.take(exec);
    await replaceShim(host, exec, init);
    expect((await host.listed()).map((listing) => listing.pid).sort()).toEqual([exec.pid, init.pid].sort());
    process.kill(exec.pid, 'SIGKILL');
    expect(await exec.untilExit()).toBe(137);
    await stdio.stdin.write('23\n');
    expect(await init.untilExit()).toBe(23);
    expect(isDeleted(init.dir)).toBe(true);
    expect(existsSync(join(host.test.runtimeRoot, 'exact'))).toBe(false);
  });

  test('an adopted process keeps its stdio, and the control FIFO its meaning', async () => {
    const stdio = host.test.stdio('stdio');
    const init = await host.run('stdio', { args: ['cat'], ...stdio.paths });
    await stdio.stdin.write('before\n');
    await stdio.stdout.until('before\n');
    // The daemon's own keepers bridge the gap; here the client's ends do.
    await replaceShim(host, init);
    await stdio.stdin.write('after\n');
    await stdio.stdout.until('after\n');
    stdio.stdin.close();
    await init.control('0 0 0\n');
    expect(await init.untilExit()).toBe(0);
    expect(await stdio.stdout.untilEnd()).toBe('before\nafter\n');
    expect(isStdinClosed(init.dir)).toBe(true);
  });

  test('a stdin that was closed is not opened again', async () => {
    const stdio = host.test.stdio('closed');
    const init = await host.run('closed', { args: ['cat'], ...stdio.paths });
    markStdinClosed(init.dir);
    await replaceShim(host, init);
    stdio.stdin.close();
    expect(await init.untilExit()).toBe(0);
  });

  test('terminals go on', async () => {
    const stdio = host.test.stdio('terminal', true);
    const init = host.init('terminal', { args: ['sh'], terminal: true, ...stdio.paths });
    const { terminalFd } = await host.take(init);
    await host.test.runtime('start', 'terminal');
    const heldFd = holdTerminal(host.server.pid, terminalFd);
    // Or the client would see an end when the shim dies.
    const keeper = new FifoWriter(stdio.paths.stdout);
    await stdio.stdin.write('echo be"fore"\n');
    await stdio.stdout.until('before');
    await host.killShim();
    await host.startShim();
    init.watchAnew();
    const adopted = await host.client.request('adopt', init.adoption({ holderPid: process.pid, fd: heldFd }));
    closeSync(heldFd);
    expect(adopted.terminalFd).toBeGreaterThan(2);
    await init.control('1 99 33\n');
    // Two FIFOs, and either may be read first.
    await stdio.stdin.write('until [ "$(stty size 2>/dev/null)" = "33 99" ]; do sleep 0.05; done; echo af"ter"\n');
    await stdio.stdout.until('after');
    await stdio.stdin.write('exit 12\n');
    expect(await init.untilExit()).toBe(12);
    keeper.close();
    await stdio.stdout.untilEnd();
  });

  test('a terminal whose holders have all died is missed by the copy alone', async () => {
    const stdio = host.test.stdio('lost', true);
    const init = await host.run('lost', { args: ['sh', '-c', 'trap "" HUP; echo ready; sleep 1000; exit 1'], terminal: true, ...stdio.paths });
    // Before, the hang-up of its terminal would be the shell's own end.
    await stdio.stdout.until('ready');
    await host.killShim();
    await host.startShim();
    init.watchAnew();
    const adopted = await host.client.request('adopt', init.adoption({ holderPid: process.pid, fd: 9999 }));
    expect(adopted.terminalFd).toBeUndefined();
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('a process that ended in between is ended at once, with 255 where nobody knows better', async () => {
    const init = await host.run('between', { args: ['sleep', '1000'] });
    const adoption = init.adoption();
    await host.killShim();
    process.kill(init.pid, 'SIGKILL');
    await host.startShim();
    init.watchAnew();
    await host.client.request('adopt', { ...adoption, starttime: '1' });
    expect(await init.untilExit()).toBe(255);
    expect(isDeleted(init.dir)).toBe(true);
  });

  test('a status that was on disk already is kept, and the end is gone on with', async () => {
    const init = await host.run('half', { args: ['sleep', '1000'] });
    const adoption = init.adoption();
    await host.killShim();
    process.kill(init.pid, 'SIGKILL');
    writeFileSync(join(init.dir, 'exitStatus'), '137');
    await host.startShim();
    init.watchAnew();
    await host.client.request('adopt', { ...adoption, starttime: '1' });
    expect(await init.untilExit()).toBe(137);
    expect(existsSync(join(host.test.runtimeRoot, 'half'))).toBe(false);
  });

  test('a number that was given to another process is not taken for it', async () => {
    const init = await host.run('reused', { args: ['sleep', '1000'] });
    const adoption = { ...init.adoption(), pid: process.pid };
    await host.killShim();
    await host.startShim();
    init.watchAnew();
    process.kill(init.pid, 'SIGKILL');
    await host.client.request('adopt', adoption);
    expect(await init.untilExit()).toBe(255);
  });

  test('an adoption may be repeated', async () => {
    const init = await host.run('repeated', { args: ['sleep', '1000'] });
    await replaceShim(host, init);
    await host.client.request('adopt', init.adoption());
    expect(await host.listed()).toHaveLength(1);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('an adoption that cannot be done is refused, and can be tried again', async () => {
    const init = await host.run('refused', { args: ['sleep', '1000'] });
    const adoption = init.adoption();
    await host.killShim();
    await host.startShim();
    const record = join(init.dir, 'process.json');
    const content = readFileSync(record);
    writeFileSync(record, 'nonsense');
    await expect(host.client.request('adopt', adoption)).rejects.toMatchObject({ code: 'shim-error' });
    writeFileSync(record, content);
    init.watchAnew();
    await host.client.request('adopt', adoption);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });
});

describeOnHost('a shim that is killed at a step of an end', realContainers, () => {
  const points = ['status', 'kill-all', 'execs', 'drain', 'start-told', 'delete', 'let-go'];

  test.each(points)('shim.end.%s: the end is gone on with by another one', async (point) => {
    const host = await ShimHost.start({ HOLDFAST_FAULTS: `shim.end.${point}=kill` });
    try {
      const { stdin, paths } = host.test.stdio('struck');
      const init = await host.run('struck', { args: ['sh', '-c', 'read line; exit 6'], pidNamespace: false, stdin: paths.stdin });
      const adoption = init.adoption();
      await stdin.write('end\n');
      expect(await within(host.server.exited, 'the death of the shim')).toBe('SIGKILL');
      rmSync(host.server.socketPath);
      await init.exit.untilEnd();
      await host.startShim();
      init.watchAnew();
      await host.client.request('adopt', adoption);
      // Nobody's child any more, and reaped before its status was written: then no kernel can tell.
      expect(await init.untilExit()).toBe(point === 'status' ? 255 : 6);
      expect(existsSync(join(host.test.runtimeRoot, 'struck'))).toBe(false);
    } finally {
      await host.cleanUp();
    }
  });

  test.each(['status', 'kill-all', 'drain', 'delete'])('shim.end.%s failing once does not keep the exit', async (point) => {
    const host = await ShimHost.start({ HOLDFAST_FAULTS: `shim.end.${point}=ENOSPC:1` });
    try {
      const init = await host.run('failing', { args: ['sh', '-c', 'exit 6'] });
      expect(await init.untilExit()).toBe(6);
      if (point === 'delete') {
        expect(isDeleted(init.dir)).toBe(false);
        await host.test.runtime('delete', '--force', 'failing');
      }
    } finally {
      await host.cleanUp();
    }
  });

  test.each(['before-create', 'after-create', 'before-watch'])('shim.take.%s failing takes all back', async (point) => {
    const host = await ShimHost.start({ HOLDFAST_FAULTS: `shim.take.${point}=EMFILE:1` });
    try {
      const init = host.init('failing', { args: ['sleep', '1000'] });
      await expect(host.take(init)).rejects.toThrow(/too many open files/i);
      await init.exit.untilEnd();
      expect(existsSync(join(host.test.runtimeRoot, 'failing'))).toBe(false);
      init.remove();
    } finally {
      await host.cleanUp();
    }
  });
});
