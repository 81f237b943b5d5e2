import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CountingRuntime } from '../../support/counting-runtime';
import { readProcStat } from '../../../src/sys/process/process';
import { describeOnHost } from '../../support/requires';
import { shimOf } from '../../support/shims';
import { type SystemCall, Strace } from '../../support/strace';
import { TestHost } from '../../support/test-host';

// What the figures of docs/performance.md rest on, as counts: they do not depend on the speed of the machine,
// so a change that makes things slower shows here, in any run. A limit is raised only with a reason.

const sleeper = { args: ['sleep', '1000'] };

describeOnHost('what a start, an exec and an exit may cost', ['root', 'runc', 'busybox', 'strace'], () => {
  let host: TestHost;

  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  it('calls the runtime twice for a start, once for an exec and once for the end of a container', async () => {
    const runtime = new CountingRuntime(host.own('runtime'));
    const events = await host.events();
    await host.create('counted', sleeper, { runtime: runtime.path });
    expect(runtime.takeCalls()).toEqual(['create', 'start']);

    await host.client.addProcess({ id: 'counted', pid: 'true', args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] });
    await events.untilExit('counted', 'true');
    expect(runtime.takeCalls()).toEqual(['exec']);

    await host.client.state('counted');
    await host.client.stats('counted');
    expect(runtime.takeCalls()).toEqual([]);

    // With a pid namespace of its own, the kernel ends what is left: no `kill --all`.
    await host.end(['counted']);
    expect(runtime.takeCalls()).toEqual(['delete']);
  });

  it('kills what is left of a container only where it shares the pid namespace', async () => {
    const runtime = new CountingRuntime(host.own('runtime'));
    await host.create('sharing', { ...sleeper, pidNamespace: false }, { runtime: runtime.path });
    runtime.takeCalls();
    await host.end(['sharing']);
    expect(runtime.takeCalls()).toEqual(['kill', 'delete']);
  });

  it('writes few and small files for a start', async () => {
    await host.create('first', sleeper);
    const { stdout, paths } = host.stdio('second');
    const watched = await watch(host, 'file,desc');
    await host.create('second', { args: ['sh', '-c', 'echo up; sleep 1000'] }, { stdout: paths.stdout });
    // The runtime's start returns a moment before its program has become the container's. A tracer that lets go in
    // that moment hangs for ever, and the program with it (ptrace(2), execve(2) under ptrace).
    await stdout.until('up');
    const calls = (await watched.detach()).filter(({ pid }) => watched.ours.has(pid));

    const created = calls.filter(({ name, text }) => name === 'openat' && text.includes('O_CREAT') && text.includes(host.stateDir));
    expect(names(created).length).toBeLessThanOrEqual(6);
    const written = calls.filter(({ name }) => name === 'write' || name === 'pwrite64').map(bytesOf);
    // The event log's pages are most of it: four of 4 KiB, or five.
    expect(sum(written)).toBeLessThanOrEqual(32 * 1024);
    // No copy, no second look: what a start asks of the file system, both programs together.
    expect(calls.length).toBeLessThanOrEqual(300);
    await host.end();
  });

  it('writes an event to the log once, and an exit twice', async () => {
    await host.create('logged', sleeper);
    const events = await host.events();
    const started = await watch(host, 'pwrite64');
    await host.client.addProcess({ id: 'logged', pid: 'true', args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] });
    await events.untilExit('logged', 'true');
    const writes = (await started.detach()).filter(({ pid }) => pid === host.daemon.pid);
    // A frame's header has 24 bytes; the last frame of a transaction says in bytes 4 to 7 how large the database is
    // (https://www.sqlite.org/fileformat2.html#the_write_ahead_log): start-process, the recorded end, the told end.
    const commits = writes.filter(({ text }) => /, 24, \d+\)/.test(text) && !/^\d+, "(\\[^\\]+|[^\\]){4}\\0\\0\\0\\0/.test(text));
    expect(commits).toHaveLength(3);
    await host.end();
  });

  it('does not sleep at every few KiB of a busy terminal', async () => {
    await host.create('first', sleeper);
    const { pid } = shimOf(host);
    const mebibytes = 32;
    const events = await host.events();
    const args = ['dd', 'if=/dev/zero', 'bs=65536', `count=${String(mebibytes * 16)}`];
    // With reads that wait in the kernel it was 140 to 190 times for each MiB, each time; without, once, and some 30 times for start and end.
    // Where something else leaves the writer no processor for 50 µs, the shim does sleep: so one time of five is enough.
    const sleeps: number[] = [];
    do {
      const before = sleepsOf(pid);
      const id = `busy-${String(sleeps.length)}`;
      await host.create(id, { args, terminal: true }, { stdout: '/dev/null', stderr: '' });
      await events.untilExit(id);
      sleeps.push(sleepsOf(pid) - before);
    } while (Math.min(...sleeps) > mebibytes * 60 && sleeps.length < 5);
    expect(Math.min(...sleeps)).toBeLessThanOrEqual(mebibytes * 60);
    await host.end(['first']);
  });

  it('keeps little garbage: by itself V8 lets the daemon have 32 MB of young objects', async () => {
    // What it was started with its arguments do not show: they are its name.
    const directory = host.own('path');
    const seen = join(directory, 'arguments');
    mkdirSync(directory);
    writeFileSync(join(directory, 'node'), `#!/bin/sh\necho "$@" >${seen}\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    await host.restartDaemon('SIGTERM', { env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` } });
    expect(readFileSync(seen, 'utf8')).toMatch(/^--max-semi-space-size=2 .*\/holdfastd /);
  });

  it('does nothing while nothing happens', async () => {
    for (let index = 0; index < 5; index++) await host.create(`idle-${String(index)}`, sleeper);
    const watched = await watch(host, 'all');
    const seconds = 6;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    // V8 collects garbage when a program has come to rest, at a time of its own, and freed memory is given back: 172 calls were seen in these seconds.
    const calls = (await watched.detach()).filter(({ name }) => !/^(brk|futex|madvise|mmap|mprotect|munmap)$/.test(name));
    // One ping of the shim every five seconds, and what Node's own threads do.
    expect(calls.length).toBeLessThanOrEqual(seconds * 5);
    await host.end();
  });
});

/** strace on the daemon and its shim. */
async function watch(host: TestHost, calls: string): Promise<{ detach(): Promise<SystemCall[]>; readonly ours: ReadonlySet<number> }> {
  const pids = [host.daemon.pid, ...childrenOf(host.daemon.pid)];
  const strace = await Strace.attach(pids, join(host.directory, 'own', `strace-${calls}`), calls);
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${String(pid)}/task`).map(Number));
  return { detach: () => strace.detach(), ours: new Set(threads) };
}

/** How often the first thread of a process has gone to sleep: proc_pid_status(5). */
function sleepsOf(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => readProcStat(pid)?.parentPid === parent);
}

/** The different files; one that is written under another name and renamed counts once. */
function names(calls: readonly SystemCall[]): string[] {
  return [...new Set(calls.map(({ text }) => /"([^"]+)"/.exec(text)?.[1] ?? text))];
}

function bytesOf({ text }: SystemCall): number {
  return Number(/= (\d+)$/.exec(text)?.[1] ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
