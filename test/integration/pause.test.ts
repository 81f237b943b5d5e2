import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';

import { frozenCgroupOf } from '../../src/runtime/cgroups/frozen-cgroup';
import { cgroupDirectories } from '../support/cgroups';
import { failureOf } from '../support/failure';
import { processOf } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';
import { until } from '../support/until';
import { expectUntouched } from '../support/untouched';

const path = 'PATH=/bin';
const hasVersion1 = existsSync('/sys/fs/cgroup/freezer');
const epoch = { seconds: 0n, nanos: 0 };

describeOnHost('a paused container', [...realContainers, 'freezer'], () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const pause = (id: string) => host.client.updateContainer({ id, status: 'paused' });
  const resume = (id: string) => host.client.updateContainer({ id, status: 'running' });
  const statusOf = async (id: string) => (await host.client.state(id)).containers[0]?.status;

  test('stands still, says so, and runs on when it is resumed', async () => {
    const events = await host.events();
    const stdio = host.stdio('echo');
    await host.create('echo', { args: ['cat'] }, stdio.paths);
    const { systemPid } = await host.initOf('echo');
    await pause('echo');
    await events.untilType('pause', 'echo');
    expect((await host.client.state('echo')).containers).toMatchObject([{ status: 'paused', pids: [systemPid] }]);
    expect(await host.runtime('state', 'echo')).toContain('"status": "paused"');
    await stdio.stdin.write('hello\n');
    expect(stdio.stdout.text()).toBe('');
    await resume('echo');
    await events.untilType('resume', 'echo');
    expect(await statusOf('echo')).toBe('running');
    await stdio.stdout.until('hello\n');
    await host.end();
    await events.untilExit('echo');
    expect(events.linesOf('echo')).toEqual(['start-container', 'pause', 'resume', 'exit init 137']);
  });

  test('needs no runtime for what the kernel does', async () => {
    const runtime = host.own('runc');
    copyFileSync(execFileSync('sh', ['-c', 'command -v runc'], { encoding: 'utf8' }).trim(), runtime);
    await host.create('calm', { args: ['sleep', '1000'] }, { runtime, runtimeArgs: ['--root', host.runtimeRoot] });
    chmodSync(runtime, 0o644);
    await pause('calm');
    expect(await host.runtime('state', 'calm')).toContain('"status": "paused"');
    expect(await statusOf('calm')).toBe('paused');
    await resume('calm');
    expect(await host.runtime('state', 'calm')).toContain('"status": "running"');
    // What is to be refused is refused by the runtime.
    expect((await failureOf(resume('calm'))).details).toContain('permission denied');
    chmodSync(runtime, 0o755);
    await host.end();
    await expectUntouched(host);
  });

  test('is not the only frozen cgroup of the machine, until the daemon ends', async () => {
    await host.restartDaemon('SIGKILL');
    const frozen = () => cgroupDirectories(frozenCgroupOf(host.stateDir)).own;
    expect(frozen()).toEqual([]);
    await host.create('calm', { args: ['sleep', '1000'] });
    for (const act of [pause, resume, pause, resume]) {
      await act('calm');
      expect(frozen().map((path) => readFileSync(`${path}/freezer.state`, 'utf8'))).toEqual(hasVersion1 ? ['FROZEN\n'] : []);
    }
    await host.restartDaemon('SIGKILL');
    expect(frozen()).toEqual([]);
    await pause('calm');
    await host.stopDaemon();
    expect(frozen()).toEqual([]);
    await host.startDaemon();
    await resume('calm');
    await host.end();
  });

  test("is refused what it cannot do, in the runtime's own words, and stays as it is", async () => {
    await host.create('calm', { args: ['sleep', '1000'] });
    expect((await failureOf(resume('calm'))).details).toMatch(/^oci runtime error: ./);
    await pause('calm');
    expect((await failureOf(pause('calm'))).details).toMatch(/^oci runtime error: ./);
    const exec = host.client.addProcess({ id: 'calm', pid: 'late', args: ['true'], cwd: '/', env: [path] });
    expect((await failureOf(exec)).details).toBe('cannot exec in a container that is paused');
    expect(await statusOf('calm')).toBe('paused');
    const odd = await failureOf(host.client.updateContainer({ id: 'calm', status: 'frozen' }));
    expect(odd).toMatchObject({ code: status.UNKNOWN, details: 'containerd: unknown container status frozen' });
    expect((await failureOf(pause('nobody'))).details).toBe('containerd: container not found');
    await resume('calm');
    await host.end();
    await expectUntouched(host);
  });

  test('is known as paused after every restart, whatever events are retained', async () => {
    await host.create('calm', { args: ['sleep', '1000'] });
    await host.create('busy', { args: ['sleep', '1000'] });
    await pause('calm');
    for (let round = 0; round < 2; round += 1) {
      await host.restartDaemon('SIGKILL', { flags: ['--retain-count=0'] });
      expect([await statusOf('calm'), await statusOf('busy')]).toEqual(['paused', 'running']);
    }
    await resume('calm');
    await host.restartDaemon('SIGKILL');
    expect(await statusOf('calm')).toBe('running');
    await host.end();
  });

  test('gets a signal when it is resumed', async () => {
    const events = await host.events();
    const stdio = host.stdio('trap');
    await host.create('trap', { args: ['sh', '-c', 'trap "exit 42" TERM; echo ready; sleep 1000 & wait'] }, stdio.paths);
    await stdio.stdout.until('ready');
    await pause('trap');
    await host.client.signal('trap', 15);
    expect(await statusOf('trap')).toBe('paused');
    await resume('trap');
    expect((await events.untilExit('trap')).status).toBe(42);
    expect(events.linesOf('trap')).toEqual(['start-container', 'pause', 'resume', 'exit init 42']);
  });

  test.each([true, false])('ends by SIGKILL (a pid namespace of its own: %s)', async (pidNamespace) => {
    const events = await host.events();
    const stdio = host.stdio('family');
    await host.create('family', { args: ['sh', '-c', 'sleep 1000 & echo "child $!"; wait'], pidNamespace }, stdio.paths);
    await stdio.stdout.until('child');
    const { pids } = (await host.client.state('family')).containers[0] ?? {};
    expect(pids).toHaveLength(2);
    await pause('family');
    await host.client.signal('family', 9);
    expect((await events.untilExit('family')).status).toBe(137);
    expect(events.linesOf('family').at(-1)).toBe('exit init 137');
    expect((pids ?? []).map(processOf)).toEqual([undefined, undefined]);
    await expectUntouched(host);
  });

  test('ends by SIGKILL after a restart too', async () => {
    await host.create('calm', { args: ['sleep', '1000'] });
    await pause('calm');
    await host.restartDaemon('SIGKILL');
    const events = await host.events();
    await host.client.signal('calm', 9);
    expect((await events.untilExit('calm')).status).toBe(137);
  });

  test("is true to the kernel's state when SIGKILL ends one of its exec'd processes", async () => {
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'] });
    await host.client.addProcess({ id: 'box', pid: 'extra', args: ['sleep', '1000'], cwd: '/', env: [path] });
    await pause('box');
    await host.client.signal('box', 9, 'extra');
    expect((await events.untilExit('box', 'extra')).status).toBe(137);
    // Version 1 can kill in a running container only; the runtime knows which it is.
    const kernels = (await host.runtime('state', 'box')).includes('"status": "paused"') ? 'paused' : 'running';
    expect(await statusOf('box')).toBe(kernels);
    expect(events.linesOf('box').includes('resume')).toBe(kernels === 'running');
    await host.end();
  });

  test('may be one that forks all the time', async () => {
    const events = await host.events();
    const stdio = host.stdio('forks');
    const loop = 'while :; do true & /bin/busybox true; done';
    await host.create('forks', { args: ['sh', '-c', `for i in 1 2 3; do (${loop}) & done; echo forking; wait`] }, stdio.paths);
    await stdio.stdout.until('forking');
    for (let round = 0; round < 15; round += 1) {
      await pause('forks');
      const before = (await host.client.state('forks')).containers[0];
      expect(before?.status).toBe('paused');
      expect(before?.pids.length).toBeGreaterThanOrEqual(4);
      // Nobody is born and nobody dies in a frozen container.
      expect((await host.client.state('forks')).containers[0]?.pids.sort()).toEqual(before?.pids.sort());
      await resume('forks');
    }
    await host.end();
    await events.untilExit('forks');
    const lines = events.linesOf('forks');
    expect(lines.filter((line) => line === 'pause')).toHaveLength(15);
    expect(lines.filter((line) => line === 'resume')).toHaveLength(15);
    await expectUntouched(host);
  });

  test('is known as paused where the runtime did it, and was cut off before it could say so', async () => {
    const runtime = host.own('runtime');
    // Does what it is asked to, and then does not end.
    writeFileSync(runtime, '#!/bin/sh\nrunc "$@" || exit\ncase " $* " in *" pause "*) sleep 1000;; esac\n');
    chmodSync(runtime, 0o755);
    const events = await host.events();
    await host.create('slow', { args: ['sleep', '1000'] }, { runtime, runtimeArgs: ['--root', host.runtimeRoot] });
    const call = new AbortController();
    const cut = failureOf(host.client.updateContainer({ id: 'slow', status: 'paused' }, { signal: call.signal }));
    await until('the pause', () => host.runtime('state', 'slow'), (state) => state.includes('"status": "paused"'));
    call.abort();
    expect((await cut).code).toBe(status.CANCELLED);
    await events.untilType('pause', 'slow');
    expect(await statusOf('slow')).toBe('paused');
    await resume('slow');
    const since = await host.events({ timestamp: epoch, id: 'slow' });
    await since.untilType('resume', 'slow');
    await host.end();
  });
});
