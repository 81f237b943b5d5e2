import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';

import { makeFifo } from '../../support/fifo';
import { processOf } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

describeOnHost('TestHost.cleanUp', realContainers, () => {
  test('is content with a host that nothing happened on, and removes it', async () => {
    const host = new TestHost();
    host.stdio('unused');
    await host.cleanUp();
    expect(existsSync(host.directory)).toBe(false);
  });

  test('names, ends and removes a container with its process and cgroups', async () => {
    const host = new TestHost();
    const bundle = host.bundle('left', { args: ['sleep', '1000'] });
    const nullFd = openSync('/dev/null', 'r+');
    execFileSync('runc', ['--root', host.runtimeRoot, 'run', '-d', '--pid-file', host.own('pid'), '--bundle', bundle, 'left'], {
      stdio: [nullFd, nullFd, nullFd],
    });
    closeSync(nullFd);
    const { pid } = JSON.parse(await host.runtime('state', 'left')) as { pid: number };
    await expect(host.cleanUp()).rejects.toThrow(
      new RegExp(`container left[^]*cgroup .*${host.cgroup}/left[^]*process ${String(pid)}: sleep 1000`),
    );
    expect(processOf(pid)).toBeUndefined();
    expect(existsSync(host.directory)).toBe(false);
  });

  test('names and kills a process that has the directory in its command line', async () => {
    const host = new TestHost();
    const child = spawn('tail', ['-f', host.own('nothing'), '/dev/null'], { stdio: 'ignore' });
    const ended = exitOf(child);
    await expect(host.cleanUp(100)).rejects.toThrow(`process ${String(child.pid)}: tail -f ${host.own('nothing')}`);
    expect(await ended).toBe('SIGKILL');
  });

  test('names directories in the state directory, FIFOs and mounts', async () => {
    const host = new TestHost();
    mkdirSync(join(host.stateDir, 'ghost'), { recursive: true });
    makeFifo(join(host.stateDir, 'pipe'));
    const mounted = host.own('mounted');
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mounted]);
    await expect(host.cleanUp()).rejects.toThrow(/directory ghost[^]*mount .*mounted[^]*FIFO or socket .*pipe/);
    expect(existsSync(host.directory)).toBe(false);
  });
});

function exitOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.once('exit', (_code, signal) => {
      resolve(signal);
    });
  });
}
