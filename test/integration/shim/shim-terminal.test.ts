import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { within } from '../../support/deadline';
import { FifoReader, FifoWriter, makeFifo } from '../../support/fifo';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';

const MEGABYTE = 1024 * 1024;

describeOnHost('stdio with a terminal', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('copies both ways, and sets the size', async () => {
    const stdio = host.test.stdio('shell', true);
    const init = host.init('shell', { args: ['sh'], terminal: true, ...stdio.paths });
    const { terminalFd } = await host.take(init);
    expect(terminalFd).toBeGreaterThan(2);
    await init.control('1 132 43\n');
    await host.test.runtime('start', 'shell');
    await stdio.stdin.write('stty size; echo "1 + 1 is $((1 + 1))"\n');
    await stdio.stdout.until('1 + 1 is 2');
    expect(stdio.stdout.text()).toContain('43 132');
    await stdio.stdin.write('exit 9\n');
    expect(await init.untilExit()).toBe(9);
    await stdio.stdout.untilEnd();
  });

  test('resizes a running terminal', async () => {
    const stdio = host.test.stdio('resize', true);
    const script = 'trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done';
    const init = await host.run('resize', { args: ['sh', '-c', script], terminal: true, ...stdio.paths });
    await stdio.stdout.until('ready');
    await init.control('1 100 30\n');
    await stdio.stdout.until('30 100');
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('an exec has a terminal of its own', async () => {
    const init = await host.run('exec-tty', { args: ['sleep', '1000'] });
    const stdio = host.test.stdio('exec-tty', true);
    const exec = host.exec(init, 'shell', { args: ['sh', '-c', 'tty; read line; echo got $line; exit 3'], terminal: true, ...stdio.paths });
    await host.take(exec);
    await stdio.stdout.until('/dev/pts/');
    await stdio.stdin.write('a line\n');
    expect(await exec.untilExit()).toBe(3);
    expect(await stdio.stdout.untilEnd()).toContain('got a line');
    process.kill(init.pid, 'SIGKILL');
    await init.untilExit();
  });

  test('clients come late, go and return', async () => {
    const stdin = host.test.own('stdin');
    const stdout = host.test.own('stdout');
    const init = await host.run('return', { args: ['cat'], terminal: true, stdin, stdout });
    for (const line of ['first', 'second', 'third']) {
      const reader = new FifoReader(stdout);
      const writer = new FifoWriter(stdin);
      await writer.write(`${line}\n`);
      // Once by the terminal's echo, once by cat.
      await reader.until(`${line}\r\n${line}\r\n`);
      writer.close();
      reader.close();
    }
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('closing stdin lets go of the FIFO alone: what is in it is still typed', async () => {
    const stdio = host.test.stdio('close', true);
    const init = await host.run('close', { args: ['cat'], terminal: true, ...stdio.paths });
    await init.control('0 0 0\n');
    await stdio.stdin.write('after\n\u0004');
    expect(await init.untilExit()).toBe(0);
    expect(await stdio.stdout.untilEnd()).toBe('after\r\nafter\r\n');
  });

  test('a megabyte goes through whole, and its end comes after it', async () => {
    const stdio = host.test.stdio('megabyte', true);
    const init = await host.run('megabyte', { args: ['sh', '-c', `stty -opost; head -c ${MEGABYTE} /dev/zero`], terminal: true, ...stdio.paths });
    expect(await stdio.stdout.untilEnd()).toHaveLength(MEGABYTE);
    expect(await init.untilExit()).toBe(0);
  });

  test('a reader that has stalled does not hold the exit, and gets all that was taken', async () => {
    const stdout = host.test.own('stalled');
    makeFifo(stdout);
    // Far more than fits: the FIFO, the shim and the terminal are full when the container ends. Nothing in it can tell that they are; on a loaded host a second was too short.
    const init = await host.run('stalled', { args: ['sh', '-c', 'stty -opost; seq 1000000 & sleep 4; exit 4'], terminal: true, stdout });
    expect(await init.untilExit()).toBe(4);
    const reader = new FifoReader(stdout);
    const lines = (await reader.untilEnd()).split('\n');
    expect(lines.join('\n').length).toBeGreaterThan(MEGABYTE / 2);
    lines.pop();
    expect(lines.findIndex((line, index) => line !== String(index + 1))).toBe(-1);
  });

  test('output of an ended terminal that nobody will read any more does not keep the shim', async () => {
    const stdout = host.test.own('removed');
    makeFifo(stdout);
    const init = await host.run('removed', { args: ['sh', '-c', 'stty -opost; seq 1000000 & sleep 1'], terminal: true, stdout });
    expect(await init.untilExit()).toBe(0);
    rmSync(stdout);
    host.client.close();
    expect(await within(host.server.exited, 'the end of the shim')).toBe(0);
  });

  test('what an exec left running on its terminal does not delay its exit, and is heard further', async () => {
    const init = await host.run('background', { args: ['sleep', '1000'] });
    const stdio = host.test.stdio('background', true);
    const script = 'trap "" HUP; (sleep 1; echo later) & echo first';
    const exec = host.exec(init, 'parent', { args: ['sh', '-c', script], terminal: true, ...stdio.paths });
    await host.take(exec);
    expect(await exec.untilExit()).toBe(0);
    expect(await stdio.stdout.untilEnd()).toMatch(/^first\r\n(later\r\n)?$/);
    process.kill(init.pid, 'SIGKILL');
    await init.untilExit();
  });

  test('not even one that never stops writing delays it', async () => {
    const init = await host.run('chatty', { args: ['sleep', '1000'] });
    const stdio = host.test.stdio('chatty', true);
    const exec = host.exec(init, 'parent', { args: ['sh', '-c', 'trap "" HUP; yes & exit 8'], terminal: true, ...stdio.paths });
    await host.take(exec);
    expect(await exec.untilExit()).toBe(8);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
    expect(await stdio.stdout.untilEnd()).toMatch(/^(y\r\n)*y?\r?$/);
  });

  test('plain files and nothing at all will do as well', async () => {
    const stdin = host.test.own('typed');
    const stdout = host.test.own('shown');
    writeFileSync(stdin, 'echo it works\nexit 5\n');
    writeFileSync(stdout, 'before\n');
    const init = await host.run('files', { args: ['sh'], terminal: true, stdin, stdout });
    expect(await init.untilExit()).toBe(5);
    expect(readFileSync(stdout, 'utf8')).toMatch(/^before\n[^]*it works\r\n/);
    const silent = await host.run('silent', { args: ['sh', '-c', 'yes | head -c 300000; exit 6'], terminal: true });
    expect(await silent.untilExit()).toBe(6);
  });
});
