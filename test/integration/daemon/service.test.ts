import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AgentHost } from '../../support/agent-host';
import { ApiClient } from '../../support/api-client';
import { Ctl } from '../../support/ctl';
import { binDirectory } from '../../support/daemon-process';
import { untilIn } from '../../support/files';
import { processOf, signalExactly, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers, testWithProgram } from '../../support/requires';
import { accepts, untilAccepting } from '../../support/socket';
import type { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';

const program = join(binDirectory, 'holdfastd');

/** Tells what comes on a datagram socket, which Node has none of, a line each. */
const receiver = `
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print("bound", flush=True)
while True: print(manager.recv(4096).decode().replace("\\n", " "), flush=True)
`;

/**
 * A service manager in a few lines: makes a socket, hands it to the daemon, and to the next one where that is killed, once somebody writes into the FIFO.
 * Arguments: socket, its mode, file of the daemons' pids, FIFO, then the daemon's command line.
 */
const manager = `
import os, signal, socket, sys
path, mode, pids, go = sys.argv[1:5]
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
os.chmod(path, int(mode, 8))
listening.listen(64)
daemon = 0
signal.signal(signal.SIGTERM, lambda *_: os.kill(daemon, signal.SIGTERM))
while True:
    daemon = os.fork()
    if daemon == 0:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="api")
        os.execv(sys.argv[5], sys.argv[5:])
    with open(pids, "a") as file: file.write(f"{daemon}\\n")
    _, status = os.waitpid(daemon, 0)
    if os.WIFEXITED(status): sys.exit(os.WEXITSTATUS(status))
    with open(go) as file: file.read()
`;

describeOnHost('under a service manager', realContainers, () => {
  let agent: AgentHost;
  let host: TestHost;
  beforeEach(() => {
    agent = new AgentHost();
    host = agent.host;
  });
  afterEach(() => agent.cleanUp());

  /** A program that becomes the daemon, or starts it. */
  function script(name: string, text: string): string {
    const path = host.own(name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  function managerOf(mode = '600'): string {
    writeFileSync(host.own('manager.py'), manager);
    execFileSync('mkfifo', [host.own('go')]);
    return script('manager', `exec python3 ${host.own('manager.py')} ${host.own('api.sock')} ${mode} ${host.own('pids')} ${host.own('go')} ${program} "$@"`);
  }

  const isServing = async (path: string): Promise<boolean> => {
    const client = new ApiClient(path);
    try {
      return await client.isServing();
    } finally {
      client.close();
    }
  };

  test('tells the watchdog that it is alive, again and again, also when another daemon has its place, and hides it from what it starts', async () => {
    const toldFd = openSync(host.own('told'), 'w');
    const listener = spawn('python3', ['-c', receiver, host.own('notify.sock')], { stdio: ['ignore', toldFd, 'inherit'] });
    closeSync(toldFd);
    const ended = once(listener, 'exit');
    const told = (): readonly string[] => readFileSync(host.own('told'), 'utf8').split('\n');
    const until = (what: string, isSo: () => boolean): Promise<void> => untilIn(host.own('.'), isSo, what);
    const isAlive = (): boolean => told().slice(told().findLastIndex((line) => line.startsWith('READY=1'))).filter((line) => line === 'WATCHDOG=1').length >= 3;
    await until('bound', () => told().includes('bound'));
    agent.define('seer', ['inherit_environment = true', `command = ["sh", "-c", "env > ${host.own('seen')}; exec sleep 1000"]`]);
    // What another process's watchdog is would be nobody's business; here the shell becomes the daemon.
    const daemon = script('watched', `export WATCHDOG_PID=$$ WATCHDOG_USEC=20000 NOTIFY_SOCKET=${host.own('notify.sock')}; exec ${program} "$@"`);
    await host.startDaemon({ ...agent.daemonOptions, program: daemon });
    try {
      await until('three signs of life', isAlive);
      await untilIn(host.own('.'), () => existsSync(host.own('seen')) && readFileSync(host.own('seen'), 'utf8').includes('PATH='), 'what the program sees');
      expect(readFileSync(host.own('seen'), 'utf8')).not.toMatch(/WATCHDOG|NOTIFY_SOCKET|LISTEN_/);
      expect((await new Ctl(host).run('reload')).stdout).toContain('Restarted holdfastd');
      await until('signs of life of the next one', () => told().filter((line) => line.startsWith('READY=1')).length === 2 && isAlive());
      expect(told().filter((line) => line.startsWith('READY=1'))).toEqual(Array(2).fill(`READY=1 MAINPID=${String(host.daemon.pid)}`));
    } finally {
      listener.kill();
      await ended;
    }
  });

  testWithProgram('systemd-socket-activate', "is started by the first client, serves a socket of systemd's beside its own, keeps it over a restart, and leaves it there", async () => {
    const api = host.own('api.sock');
    const activated = script('activated', `exec systemd-socket-activate --listen=${api} --fdname=api -E PATH ${program} "$@"`);
    // The same path as one of its own: that is not a second one.
    const serving = host.startDaemon({ flags: [...agent.daemonOptions.flags ?? [], '--listen', `unix://${api}`], program: activated });
    await untilAccepting(api);
    await serving;
    expect(await isServing(api)).toBe(true);
    await expectWorking(host);
    const ctl = new Ctl(host);
    expect((await ctl.run('reload')).stdout).toContain('Restarted holdfastd');
    expect(await isServing(api)).toBe(true);
    expect(host.daemon.log()).toContain(`"listen":["${api}","${host.socketPath}"]`);
    expect((await host.stopDaemon()).code).toBe(0);
    expect(existsSync(api)).toBe(true);
    expect(await accepts(api)).toBe(false);
  });

  test('who connects to a socket of the service manager while there is no daemon waits for the next one, and is refused by nobody', async () => {
    const api = host.own('api.sock');
    await host.startDaemon({ ...agent.daemonOptions, program: managerOf() });
    const [pid = ''] = readFileSync(host.own('pids'), 'utf8').split('\n');
    const daemon = processOf(Number(pid));
    if (daemon === undefined) throw new Error('there is no daemon');
    signalExactly(daemon, 'SIGKILL');
    await waitForExit(daemon.pid);
    expect(await accepts(host.socketPath)).toBe(false);
    const answered = isServing(api);
    expect(await accepts(api)).toBe(true);
    writeFileSync(host.own('go'), '');
    expect(await answered).toBe(true);
    await untilAccepting(host.socketPath);
  });

  test('refuses a socket that is open to every user', async () => {
    const exit = await host.runDaemonToItsEnd({ ...agent.daemonOptions, program: managerOf('666') });
    expect(exit.code).toBe(1);
    expect(exit.log).toMatch(/the socket api \(descriptor 3\) of the service manager is open to every user, at \S+api\.sock: who may connect is root\. SocketMode=0660 is for a group/);
    await agent.startDaemon();
  });

  test.each([
    ['another file', 'exec 3</dev/null'],
    // By then it is one of Node's own.
    ['nothing', 'exec 3<&-'],
  ])('refuses to start with %s where a socket is said to be', async (_what, redirection) => {
    const exit = await host.runDaemonToItsEnd({ ...agent.daemonOptions, program: script('odd', `${redirection}; export LISTEN_PID=$$ LISTEN_FDS=1; exec ${program} "$@"`) });
    expect(exit.code).toBe(1);
    expect(exit.log).toContain('the socket unknown (descriptor 3) of the service manager is no unix socket with a path that takes connections: nothing else is served');
    await agent.startDaemon();
  });

  test("leaves alone what is another process's", async () => {
    await host.startDaemon({ ...agent.daemonOptions, program: script('other', `exec 3</dev/null; export LISTEN_PID=1 LISTEN_FDS=1; exec ${program} "$@"`) });
    expect(await isServing(host.socketPath)).toBe(true);
  });
});
