import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ApiClient } from '../../support/api-client';
import { binDirectory } from '../../support/daemon-process';
import { untilIn } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';

const program = join(binDirectory, 'containerd');
/** Tells what comes on a datagram socket, which Node has none of, a line each. */
const receiver = `
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print("bound", flush=True)
while True: print(repr(manager.recv(4096).decode()), flush=True)
`;

describeOnHost("in containerd's place", realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  /** As dockerd 20.10 writes it, for this host's paths. */
  function dockerdFile(): string {
    const text = readFileSync(join(__dirname, '../../fixtures/dockerd-20.10-containerd.toml'), 'utf8')
      .replace('/tmp/dd/daemon', join(host.directory, 'root'))
      .replace('/tmp/dd/state', host.stateDir)
      .replace('/tmp/dd/containerd.sock', host.socketPath)
      .replace('/tmp/dd/containerd-debug.sock', host.own('debug.sock'));
    const file = host.own('containerd.toml');
    writeFileSync(file, text);
    return file;
  }

  test('serves with the file and the flags of dockerd 20.10, and old Dockers beside it', async () => {
    const old = host.own('old.sock');
    await host.startDaemon({ program, onlyFlags: ['--config', dockerdFile(), '--log-level', 'info', '--listen', `unix://${old}`, '--runtime-args=--root', `--runtime-args=${host.runtimeRoot}`] });
    expect(readFileSync(`/proc/${String(host.daemon.pid)}/comm`, 'utf8')).toBe('containerd\n');
    await expectWorking(host);
    const client = new ApiClient(old);
    expect(await client.isServing()).toBe(true);
    client.close();
    expect(host.daemon.log()).not.toContain('of no use here');
    // What dockerd does before it kills one that does not answer.
    host.daemon.kill('SIGUSR1');
    await untilIn(host.directory, () => host.daemon.log().includes('state dump'), 'the dump');
    expect((await host.stopDaemon('SIGTERM')).code).toBe(0);
    expect(existsSync(host.socketPath)).toBe(false);
  });

  test('tells the service manager when it serves, and when it stops, and hides it from what it starts', async () => {
    const notifySocket = host.own('notify.sock');
    const toldFd = openSync(host.own('told'), 'w');
    const manager = spawn('python3', ['-c', receiver, notifySocket], { stdio: ['ignore', toldFd, 'inherit'] });
    closeSync(toldFd);
    const ended = once(manager, 'exit');
    const until = (text: string): Promise<void> => untilIn(host.own('.'), () => readFileSync(host.own('told'), 'utf8').includes(text), text);
    await until('bound');
    const daemon = await host.startDaemon({ program, onlyFlags: ['--config', dockerdFile(), '--runtime-args=--root', `--runtime-args=${host.runtimeRoot}`], env: { NOTIFY_SOCKET: notifySocket } });
    await until(`'READY=1\\nMAINPID=${String(daemon.pid)}'`);
    // runc would hand the socket to its container, and wait there for a word of it.
    await expectWorking(host);
    await host.stopDaemon();
    await until("'STOPPING=1'").finally(() => manager.kill());
    await ended;
  });

  test('gives the socket to the user and group of [grpc]', async () => {
    const file = host.own('own.toml');
    writeFileSync(file, `version = 2\nroot = "${join(host.directory, 'root')}"\nstate = "${host.stateDir}"\noom_score = 77\n[grpc]\naddress = "${host.socketPath}"\nuid = 1\ngid = 2\n[plugins."io.containerd.internal.v1.restart"]\ninterval = "10s"\n`);
    await host.startDaemon({ program, onlyFlags: ['--config', file] });
    const { uid, gid, mode } = statSync(host.socketPath);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 1, gid: 2, mode: 0o660 });
    expect(readFileSync(`/proc/${String(host.daemon.pid)}/oom_score_adj`, 'utf8')).toBe('77\n');
    expect(host.daemon.log()).toContain(String.raw`of no use here: plugins.\"io.containerd.internal.v1.restart\"`);
  });

  test('leaves alone what containerd keeps in the same state directory', async () => {
    const kept = ['io.containerd.runtime.v2.task/default/box', 'runc/default/box', 's', 'fifo/1'].map((name) => join(host.stateDir, name));
    for (const directory of kept) mkdirSync(directory, { recursive: true });
    for (const directory of kept) chmodSync(directory, 0o711);
    await host.startDaemon({ program, onlyFlags: ['--config=', '--address', host.socketPath, '--state', host.stateDir, '--root', join(host.directory, 'root')] });
    expect((await host.client.state()).containers).toEqual([]);
    expect(kept.filter((directory) => !existsSync(directory))).toEqual([]);
    await host.stopDaemon();
    // What this test has put there is no leftover.
    for (const name of ['io.containerd.runtime.v2.task', 'runc', 's', 'fifo']) rmSync(join(host.stateDir, name), { recursive: true });
  });
});
