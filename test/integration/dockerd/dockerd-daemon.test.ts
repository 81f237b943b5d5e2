import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Backend } from '../../legacy-client/backend';
import { LegacyClient } from '../../legacy-client/client';
import { ociSpec } from '../../support/bundle';
import { binDirectory } from '../../support/daemon-process';
import { within } from '../../support/deadline';
import { untilIn } from '../../support/files';
import { allProcesses, argumentsOf } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { untilAccepting } from '../../support/socket';
import { TestHost } from '../../support/test-host';

describeOnHost('docker-containerd, started as dockerd does', realContainers, () => {
  let host: TestHost;
  let backend: Backend;
  let client: LegacyClient;
  beforeEach(() => {
    host = new TestHost('dockerd');
    // Found on PATH, where a link leads to it from somewhere else; its shim is not on PATH at all.
    mkdirSync(host.own('elsewhere'));
    symlinkSync(join(binDirectory, 'docker-containerd'), host.own('elsewhere/docker-containerd'));
    backend = new Backend({
      root: host.clientRoot,
      runtimeArgs: ['--root', host.runtimeRoot],
      env: { PATH: `${host.own('elsewhere')}:${process.env['PATH'] ?? ''}` },
    });
    client = new LegacyClient({ root: host.clientRoot, socketPath: backend.socketPath, runtimeArgs: ['--root', host.runtimeRoot], backend });
  });
  afterEach(async () => {
    client.close();
    await backend.stop();
    await host.cleanUp();
  });

  const sleeping = (id: string) => ociSpec({ args: ['sleep', '1000'], cgroupsPath: `${host.cgroup}/${id}` });
  const log = (): string => readFileSync(backend.logPath, 'utf8');
  const pid = (): number => {
    if (backend.pid === undefined) throw new Error('the backend is not running');
    return backend.pid;
  };
  const untilLogged = (text: string): Promise<void> => untilIn(host.clientRoot, () => log().includes(text), `${text} in the log`);

  async function expectWorking(id: string): Promise<void> {
    await client.run(id, sleeping(id));
    await client.signal(id, 15);
    // A pid namespace's first process gets no default action of a signal (pid_namespaces(7)).
    await client.signal(id, 9);
    await client.events.until((event) => event.type === 'exit' && event.id === id, `exit of ${id}`);
  }

  test('serves in a session of its own, with the flags that dockerd gives', async () => {
    await client.start();
    const commandLine = argumentsOf(pid());
    expect(commandLine).toEqual([host.own('elsewhere/docker-containerd'), ...backend.flags()]);
    expect(sessionOf(pid())).toBe(pid());
    await expectWorking('c1');
    const shims = allProcesses().filter((seen) => seen.commandLine.includes(backend.stateDir) && seen.commandLine.startsWith('docker-containerd-shim --serve '));
    expect(shims).toHaveLength(1);
    expect(sessionOf(shims[0]?.pid ?? 0)).toBe(shims[0]?.pid);
  });

  test('serves Docker 1.11, which gives the socket as a path alone and waits for events to go live', async () => {
    const options = { root: host.clientRoot, runtimeArgs: ['--root', host.runtimeRoot], isOfTheFirstDays: true };
    backend = new Backend({ ...options, env: { PATH: `${host.own('elsewhere')}:${process.env['PATH'] ?? ''}` } });
    client = new LegacyClient({ ...options, socketPath: backend.socketPath, backend });
    await client.start();
    await expectWorking('c1');
    expect(client.events.items.map((event) => `${event.id} ${event.type}`)).toEqual([' live', 'c1 start-container', 'c1 exit']);
    client.close();
    client = new LegacyClient({ ...options, socketPath: backend.socketPath, backend });
    await client.start();
    await expectWorking('c2');
    expect(client.events.items.map((event) => `${event.id} ${event.type}`)).toEqual([' live', 'c2 start-container', 'c2 exit']);
  });

  test('ends with 0 on SIGTERM, within moments, and the next one finds the containers as they were', async () => {
    await client.start();
    await client.run('c1', sleeping('c1'));
    const before = (await client.state('c1')).containers[0];
    client.health.close();
    expect(await backend.stop('SIGTERM')).toBe(0);
    backend.start();
    await untilAccepting(backend.socketPath);
    expect((await client.state('c1')).containers[0]).toEqual(before);
    await client.start();
    await client.signal('c1', 9);
    await client.events.until((event) => event.type === 'exit' && event.id === 'c1', 'exit');
  });

  test('SIGINT ends it with 0 as well', async () => {
    await client.start();
    client.health.close();
    expect(await backend.stop('SIGINT')).toBe(0);
  });

  test('SIGTERM while clients follow the events', async () => {
    await client.start();
    client.health.close();
    const observer = new LegacyClient({ root: host.own('observer'), socketPath: backend.socketPath });
    await observer.start();
    observer.health.close();
    expect(await backend.stop('SIGTERM')).toBe(0);
    observer.close();
  });

  test('SIGUSR1 makes it tell what it has under way, and SIGPIPE is ignored', async () => {
    await client.start();
    await client.run('c1', sleeping('c1'));
    process.kill(pid(), 'SIGUSR1');
    await untilLogged('state dump');
    const dump = log().split('\n').filter((line) => line.includes('state dump')).map((line) => JSON.parse(line) as object);
    expect(dump[0]).toMatchObject({ subscribers: 1, containers: [{ id: 'c1', state: 'running' }] });
    expect(log()).not.toContain('Debugger listening');
    const before = pid();
    for (let round = 0; round < 3; round += 1) process.kill(before, 'SIGPIPE');
    await client.checkHealth();
    await client.signal('c1', 9);
    await client.events.until((event) => event.type === 'exit' && event.id === 'c1', 'exit');
    await expectWorking('c2');
    expect(backend.pid).toBe(before);
  });

  test.each([
    ['is closed', '2>&- 1>&- 0<&-'],
    ['has lost its reader', '2>&1 1>&2 | head -c 0'],
  ])('works on when its stderr %s', async (_title, redirection) => {
    mkdirSync(host.clientRoot, { recursive: true });
    const pidFile = host.own('pid');
    // The shell's own pid becomes the daemon's at exec.
    writeFileSync(host.own('start.sh'), `echo $$ > ${pidFile}; exec docker-containerd --debug ${backend.flags().map((flag) => `'${flag}'`).join(' ')}\n`);
    const shell = spawn('sh', ['-c', `sh ${host.own('start.sh')} ${redirection}`], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${host.own('elsewhere')}:${process.env['PATH'] ?? ''}` },
    });
    const ended = once(shell, 'exit');
    await untilAccepting(backend.socketPath);
    await client.start();
    await expectWorking('c1');
    await expectWorking('c2');
    client.health.close();
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await within(ended, 'the end of the daemon');
  });
});

/** Field 6 of the stat file (proc(5)). */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}
