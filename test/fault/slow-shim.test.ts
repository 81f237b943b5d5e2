import { existsSync, writeFileSync } from 'node:fs';

import { ClientStdio } from '../support/client-stdio';
import { writeFakeRuntime } from '../support/fake-runtime';
import { failureOf } from '../support/failure';
import { FifoWriter, makeFifo } from '../support/fifo';
import { untilExists } from '../support/files';
import { untilLogged } from '../support/log-lines';
import { processesNaming, signalExactly, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims, shimOf, shimsOf } from '../support/shims';
import { TaskHost } from '../support/task-host';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const env = ['PATH=/bin'];
const obedient = ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done'];
/** Kernels before Linux 6.15: a shim that is killed takes the exit statuses of its children with it. */
const olderKernel = { HOLDFAST_FAULTS: 'kernel.exit-info=EIO,kernel.pidfd-hang-up=EIO' };

/** A client's ends that stay open whatever dies, as those of a client that lives on do. */
function held(host: TestHost, name: string, terminal = false): ClientStdio {
  const stdio = new ClientStdio(`${host.directory}/stdio/${name}`, terminal).open();
  clients.push(stdio);
  return stdio;
}

const clients: ClientStdio[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describeOnHost("a shim that is slow at the daemon's start", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ env: olderKernel });
  });
  afterEach(() => host.cleanUp());

  const answered = () => untilLogged(host, ({ msg }) => msg === 'a shim that was slow has answered', 'the slow shim to answer');

  test('is waited for while the daemon answers, and keeps its containers and their exit statuses', async () => {
    const [box, soon, tty] = [held(host, 'box'), held(host, 'soon'), held(host, 'tty', true)];
    await host.create('box', { args: obedient }, box.paths);
    await host.create('soon', { args: obedient }, soon.paths);
    await host.create('tty', { args: [...obedient.slice(0, 2), `stty -echo; echo ready; ${obedient[2] ?? ''}`], terminal: true }, tty.paths);
    // Its stty is one of the container's processes for as long as it runs.
    await tty.stdout.until('ready\r\n');
    const before = (await host.client.state()).containers;
    const slow = shimOf(host);
    await host.stopDaemon('SIGKILL');
    signalExactly(slow, 'SIGSTOP');
    await host.startDaemon({ env: olderKernel });
    const events = await host.events({ timestamp: epoch });
    expect((await host.client.state()).containers).toEqual(before);
    // Another shim takes what is new.
    await host.client.addProcess({ id: 'box', pid: 'new', args: ['sh', '-c', 'exit 3'], env, cwd: '/' });
    expect((await events.untilExit('box', 'new')).status).toBe(3);
    await box.stdin.write('hello\n');
    await box.stdout.until('got hello\n');
    const { systemPid } = await host.initOf('soon');
    await soon.stdin.write('exit 12\n');
    await waitForExit(systemPid);
    signalExactly(slow, 'SIGCONT');
    expect((await events.untilExit('soon')).status).toBe(12);
    await answered();
    await tty.stdin.write('hello\n');
    await tty.stdout.until('got hello\r\n');
    await box.stdin.write('exit 13\n');
    expect((await events.untilExit('box')).status).toBe(13);
    // The daemon holds the terminal, too, since the shim has answered.
    signalExactly(slow, 'SIGKILL');
    await waitForExit(slow.pid);
    await tty.stdin.write('again\n');
    await tty.stdout.until('got again\r\n');
    await tty.stdin.write('exit 0\n');
    await events.untilExit('tty');
    await expectUntouched(host);
  });

  test('is waited for before a task is deleted whose output it is still passing on', async () => {
    const path = host.own('logger');
    const [go, ended] = [host.own('go'), host.own('ended')];
    makeFifo(go);
    writeFileSync(path, `#!/bin/sh\ntrap "" TERM; exec 5>&-; cat <&3 >/dev/null; read word <${go}; echo ended >${ended}\n`, { mode: 0o755 });
    const tasks = new TaskHost(host);
    await tasks.create('box', { args: ['sleep', '1000'] }, { stdout: `binary://${path}` });
    await tasks.start('box');
    await tasks.kill('box', 9);
    await tasks.wait('box');
    const slow = shimOf(host);
    signalExactly(slow, 'SIGSTOP');
    await host.stopDaemon('SIGKILL');
    await host.startDaemon({ env: olderKernel });
    const again = new TaskHost(host);
    let isDeleted = false;
    const deleting = again.delete('box').then(() => {
      isDeleted = true;
    });
    await again.create('other', { args: ['true'] });
    await again.start('other');
    await again.wait('other');
    await again.delete('other');
    expect(isDeleted).toBe(false);
    signalExactly(slow, 'SIGCONT');
    const writer = new FifoWriter(go);
    await writer.write('go\n');
    await deleting;
    writer.close();
    expect(existsSync(ended)).toBe(true);
  });

  test('undoes the start that it was at once it can, and until then nobody gets the id', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    const request = { id: 'box', bundlePath: host.bundle('box', { args: ['sleep', '1000'] }), runtimeArgs: ['--root', host.runtimeRoot] };
    const cut = failureOf(host.client.create({ ...request, runtime }));
    await untilExists(`${runtime}.called`);
    const slow = shimOf(host);
    signalExactly(slow, 'SIGSTOP');
    await host.stopDaemon('SIGKILL');
    await cut;
    await host.startDaemon();
    expect((await host.client.state()).containers).toEqual([]);
    expect((await failureOf(host.client.create(request))).details).toBe('containerd: container already exists');
    await expectWorking(host, 'other');
    expect(processesNaming(`${runtime}.never`)).not.toEqual([]);
    signalExactly(slow, 'SIGCONT');
    await untilLogged(host, ({ msg }) => msg === 'a start that was cut off was undone', 'the start to be undone');
    expect(processesNaming(`${runtime}.never`)).toEqual([]);
    await expectUntouched(host);
    await expectWorking(host, 'box');
  });

  test('may also be killed by somebody else: then the start is undone without it', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    const cut = failureOf(host.client.create({ id: 'box', bundlePath: host.bundle('box', { args: ['sleep', '1000'] }), runtime, runtimeArgs: ['--root', host.runtimeRoot] }));
    await untilExists(`${runtime}.called`);
    signalExactly(shimOf(host), 'SIGSTOP');
    await host.stopDaemon('SIGKILL');
    await cut;
    await host.startDaemon();
    await killShims(host);
    for (const call of processesNaming(`${runtime}.never`)) signalExactly(call, 'SIGKILL');
    await untilLogged(host, ({ msg }) => msg === 'a start that was cut off was undone', 'the start to be undone');
    await expectUntouched(host);
    await expectWorking(host, 'box');
  });
});

describeOnHost('a shim that hangs before it is ready', realContainers, () => {
  test('is killed, and the start that waits for it gets another', async () => {
    const host = new TestHost();
    try {
      const mark = host.own('hung');
      await host.startDaemon({ env: { HOLDFAST_FAULTS: `shim.serve.before-ready=hang@${mark}`, HOLDFAST_SHIM_WATCHDOG: '1000,2000' } });
      await untilExists(mark);
      const hung = shimOf(host);
      await expectWorking(host);
      expect(shimsOf(host)).toHaveLength(1);
      expect(shimOf(host).pid).not.toBe(hung.pid);
      await host.end();
      await expectUntouched(host);
    } finally {
      await host.cleanUp();
    }
  });

  test("does not hold a start up beyond that start's own deadline", async () => {
    const host = new TestHost();
    try {
      await host.startDaemon({ flags: ['--start-timeout=300ms'], env: { HOLDFAST_FAULTS: 'shim.serve.before-ready=hang' } });
      const failure = await failureOf(host.create('box', { args: ['sleep', '1000'] }));
      expect(failure.details).toBe('containerd: container did not start before the specified timeout');
      await expectUntouched(host);
      await host.stopDaemon('SIGKILL');
      for (const hung of shimsOf(host)) {
        signalExactly(hung, 'SIGKILL');
        await waitForExit(hung.pid);
      }
      await host.startDaemon();
      await expectWorking(host);
      await host.end();
    } finally {
      await host.cleanUp();
    }
  });
});
