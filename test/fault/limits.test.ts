import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { leaveDescriptors, openDescriptors } from '../support/descriptors';
import { untilGone } from '../support/files';
import { failureOf } from '../support/failure';
import { PidsLimit } from '../support/pids-limit';
import { untilCaught } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { shimOf } from '../support/shims';
import { TestHost } from '../support/test-host';
import { expectWorking } from '../support/untouched';

const sleeper = { args: ['sleep', '1000'] };
/** Ends with 7 at a SIGUSR1: {@link tell} it. */
const obedient = { args: ['sh', '-c', 'trap "exit 7" USR1; sleep 1000 & wait'] };
const SIGUSR1 = 10;
/** The signal, once it is past its trap. */
const tell = async (host: TestHost, id: string): Promise<void> => {
  await untilCaught((await host.initOf(id)).systemPid, SIGUSR1);
  await host.client.signal(id, SIGUSR1);
};
const exec = (id: string, pid: string) => ({ id, pid, args: ['/bin/true'], env: ['PATH=/bin'], cwd: '/' });
const ids = async (host: TestHost): Promise<string[]> => (await host.client.state()).containers.map(({ id }) => id).sort();

describeOnHost('no descriptors left', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  /** A daemon, and its shim, that may have so many. */
  const startLimited = (limit: number) => {
    const program = host.own('limited-daemon');
    writeFileSync(program, `#!/bin/sh\nulimit -n ${String(limit)}\nexec '${resolve(binDirectory, 'holdfastd')}' "$@"\n`);
    chmodSync(program, 0o755);
    return host.startDaemon({ program });
  };

  test.each(['daemon', 'shim'] as const)('in the %s: starts and execs fail and say why, and an exit comes with its status when there is one', async (which) => {
    await host.startDaemon();
    const events = await host.events();
    await host.create('box', obedient);
    await host.create('other', sleeper);
    const giveBack = leaveDescriptors(which === 'daemon' ? host.daemon.pid : shimOf(host).pid, 0);
    expect((await failureOf(host.create('refused', sleeper))).details).toMatch(/too many open files/);
    expect((await failureOf(host.client.addProcess(exec('other', 'late')))).details).toMatch(/late\/.*too many open files|too many open files.*late\//);
    expect(await ids(host)).toEqual(['box', 'other']);
    await tell(host, 'box');
    await host.client.signal('other', 0);
    giveBack();
    expect((await events.untilExit('box')).status).toBe(7);
    expect(events.linesOf('box')).toEqual(['start-container', 'exit init 7']);
    expect(events.linesOf('refused')).toEqual([]);
    await host.client.addProcess(exec('other', 'late'));
    await events.untilExit('other', 'late');
    await expectWorking(host, 'refused');
    await host.end();
  });

  test.each(['daemon', 'shim'] as const)('in the %s, at whatever step of a start they run out: it is done, or undone', async (which) => {
    await host.startDaemon();
    const events = await host.events();
    await host.create('other', sleeper);
    for (let room = 1; room <= 10; room += 1) {
      const from = events.position;
      const giveBack = leaveDescriptors(which === 'daemon' ? host.daemon.pid : shimOf(host).pid, room);
      const refusal = await host.create('box', sleeper).then(() => undefined, (error: unknown) => String(error));
      giveBack();
      if (refusal !== undefined) expect(refusal).toMatch(/too many open files/);
      expect(await ids(host)).toEqual(refusal === undefined ? ['box', 'other'] : ['other']);
      expect(host.containerDirectories().sort()).toEqual(await ids(host));
      if (refusal === undefined) await host.client.signal('box', 9);
      if (refusal === undefined) await events.untilExit('box', 'init', { from });
    }
    await expectWorking(host, 'box');
    await host.end();
  });

  test('clients that open connections without end get no more than that, and no exit waits for them', async () => {
    await startLimited(256);
    const events = await host.events();
    await host.create('box', obedient);
    await host.create('other', sleeper);
    const before = openDescriptors(host.daemon.pid);
    const sockets = Array.from({ length: 256 }, () => connect({ path: host.socketPath }));
    const refused = sockets.map((socket) => new Promise<boolean>((done) => {
      socket.on('error', () => undefined);
      socket.once('close', () => { done(true); });
      // What lets it in sends its SETTINGS, once the client is not quick to ask for anything.
      socket.once('data', () => { done(false); });
    }));
    for (const socket of sockets) socket.write(preface);
    const outcomes = await Promise.all(refused);
    expect(outcomes.filter((one) => !one).length).toBeGreaterThan(64);
    expect(outcomes.filter((one) => one).length).toBeGreaterThanOrEqual(64);
    expect(host.daemon.log()).toMatch(/connections are refused: too many open files/);
    expect((await failureOf(host.create('refused', sleeper))).details).toMatch(/refused\/init\/exit: too many open files/);
    await tell(host, 'box');
    expect((await events.untilExit('box')).status).toBe(7);
    const closed = sockets.map((socket) => new Promise((done) => socket.destroyed ? done(undefined) : socket.once('close', done)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    await expectWorking(host, 'refused');
    expect(await host.newClient().isServing()).toBe(true);
    await host.end();
    expect(openDescriptors(host.daemon.pid)).toBeLessThanOrEqual(before);
  });

  test('containers started until there are none for another: what runs is not disturbed, and each end makes room', async () => {
    await startLimited(128);
    const events = await host.events();
    const started: string[] = [];
    let refusal = '';
    for (let count = 0; refusal === ''; count += 1) {
      const id = `box${String(count)}`;
      await host.create(id, obedient).then(() => started.push(id), (error: unknown) => { refusal = String(error); });
    }
    expect(refusal).toMatch(/too many open files/);
    expect(started.length).toBeGreaterThan(5);
    expect(await ids(host)).toEqual([...started].sort());
    for (const id of started) await tell(host, id);
    for (const id of started) expect((await events.untilExit(id)).status).toBe(7);
    for (const id of started) expect(events.linesOf(id)).toEqual(['start-container', 'exit init 7']);
    await expectWorking(host);
  });

  test('a daemon that may have too few for what runs does not start, says so, and harms nothing', async () => {
    await host.startDaemon();
    const started = Array.from({ length: 12 }, (_, index) => `box${String(index)}`).sort();
    for (const id of started) await host.create(id, sleeper);
    const before = await Promise.all(started.map((id) => host.initOf(id)));
    await host.stopDaemon('SIGKILL');
    await expect(startLimited(40)).rejects.toThrow(/too many open files/);
    await host.startDaemon();
    expect(await Promise.all(started.map((id) => host.initOf(id)))).toEqual(before);
    await host.end();
  });
});

describeOnHost('no processes left', [...realContainers, 'pids controller'], () => {
  let host: TestHost;
  let limit: PidsLimit;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    limit = new PidsLimit(`${host.cgroup}-supervisors`);
  });
  afterEach(async () => {
    limit.lift();
    try {
      await host.cleanUp();
    } finally {
      limit.remove();
    }
  });

  // With more, runc gets as far as making cgroups before it dies, and nobody knows of them.
  test.each([0, 1, 2, 3, 4])('room for %d more: starts and execs fail, and an exit comes with its status when there is room', async (room) => {
    const events = await host.events();
    await host.create('box', obedient);
    await host.create('other', sleeper);
    const before = await host.initOf('other');
    limit.add(host.daemon.pid);
    limit.add(shimOf(host).pid);
    limit.leave(room);
    const refusals = await Promise.allSettled([host.create('new', sleeper), host.client.addProcess(exec('other', 'late'))]);
    if (room === 0) expect(refusals.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    for (const one of refusals) {
      if (one.status === 'rejected') expect(String(one.reason)).toMatch(/UNKNOWN: .*(resource temporarily unavailable|no more processes or memory|oci runtime error: )/);
    }
    expect(await host.client.isServing()).toBe(true);
    await tell(host, 'box');
    limit.lift();
    expect((await events.untilExit('box')).status).toBe(7);
    expect(events.linesOf('box')).toEqual(['start-container', 'exit init 7']);
    expect(await host.initOf('other')).toEqual(before);
    if (refusals[0].status === 'fulfilled') await host.end(['new']);
    await host.end(['other']);
    // What was refused is undone by itself: then its name is free again.
    await untilGone(join(host.stateDir, 'new'));
    await expectWorking(host);
  });
});

describeOnHost('a state directory without room', realContainers, () => {
  let host: TestHost;
  const mount = (options: string): void => {
    mkdirSync(host.stateDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', host.stateDir]);
  };
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(async () => {
    try {
      await host.cleanUp();
    } catch (error) {
      // The test's own mount, which goes last.
      if (!String(error).includes(`mount ${host.stateDir}`)) throw error;
    }
    rmSync(host.directory, { recursive: true, force: true });
  });

  test.each(['size=16m,nr_inodes=64', 'size=400k'])('containers fill the state directory themselves (%s): each end makes room', async (options) => {
    mount(options);
    await host.startDaemon();
    const events = await host.events();
    const started: string[] = [];
    let refusal = '';
    for (let count = 0; refusal === ''; count += 1) {
      const id = `box${String(count)}`;
      await host.create(id, obedient).then(() => started.push(id), (error: unknown) => { refusal = String(error); });
    }
    expect(refusal).toMatch(/no space left on device|disk is full/i);
    expect(await ids(host)).toEqual([...started].sort());
    for (const id of started) await tell(host, id);
    for (const id of started) expect((await events.untilExit(id)).status).toBe(7);
    for (const id of started) expect(events.linesOf(id)).toEqual(['start-container', 'exit init 7']);
    await expectWorking(host);
  });
});

/** What HTTP/2 clients begin with: the preface, and an empty SETTINGS frame (RFC 9113, 3.4). */
const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
