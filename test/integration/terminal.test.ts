import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

describeOnHost('a terminal', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('has both halves: what is typed is echoed and read, what is written is shown', async () => {
    const events = await host.events();
    const stdio = host.stdio('tty', true);
    const script = 'tty; test -t 2 && echo "errors too" >&2; read line; echo "read $line"; exit 9';
    const { container } = await host.create('tty', { args: ['sh', '-c', script], terminal: true }, stdio.paths);
    expect(container?.processes[0]?.terminal).toBe(true);
    await stdio.stdout.until('errors too\r\n');
    await stdio.stdin.write('typed\n');
    expect((await events.untilExit('tty')).status).toBe(9);
    expect(await stdio.stdout.untilEnd()).toMatch(/^\/dev\/(pts\/0|console)\r\nerrors too\r\ntyped\r\nread typed\r\n$/);
  });

  test('takes the size that it is given, as often as it is given one', async () => {
    const stdio = host.stdio('size', true);
    // The size and what is typed come by two FIFOs, and either may be read first.
    const script = 'echo ready; while read size; do until [ "$(stty size 2>/dev/null)" = "$size" ]; do sleep 0.05; done; echo "is $size"; done';
    await host.create('size', { args: ['sh', '-c', script], terminal: true }, stdio.paths);
    await stdio.stdout.until('ready');
    for (const [width, height] of [
      [100, 40],
      [80, 24],
      [211, 57],
    ] as const) {
      await host.client.updateProcess({ id: 'size', pid: 'init', width, height });
      await stdio.stdin.write(`${String(height)} ${String(width)}\n`);
      await stdio.stdout.until(`is ${String(height)} ${String(width)}\r\n`);
    }
    await host.end();
  });

  test('passes ^C on as an interrupt and ^D as the end of input', async () => {
    const events = await host.events();
    const stdio = host.stdio('keys', true);
    const script = 'cat; trap "exit 42" INT; echo ready; while :; do sleep 1; done';
    await host.create('keys', { args: ['sh', '-c', script], terminal: true }, stdio.paths);
    await stdio.stdin.write('\x04');
    await stdio.stdout.until('ready');
    await stdio.stdin.write('\x03');
    expect((await events.untilExit('keys')).status).toBe(42);
  });

  test('needs no stderr: its path is not looked at', async () => {
    const events = await host.events();
    const stdio = host.stdio('noerr', true);
    const paths = { ...stdio.paths, stderr: '/nowhere/at/all' };
    await host.create('noerr', { args: ['echo', 'shown'], terminal: true }, paths);
    expect((await events.untilExit('noerr')).status).toBe(0);
    expect(await stdio.stdout.untilEnd()).toBe('shown\r\n');
  });

  test('loses nothing of much output at the end', async () => {
    const events = await host.events();
    const stdio = host.stdio('much', true);
    await host.create('much', { args: ['seq', '1', '50000'], terminal: true }, stdio.paths);
    expect((await events.untilExit('much')).status).toBe(0);
    const expected = Array.from({ length: 50_000 }, (_, index) => `${String(index + 1)}\r\n`).join('');
    expect((await stdio.stdout.untilEnd()) === expected).toBe(true);
  });

  test('serves a reader that goes away and returns', async () => {
    const stdio = host.stdio('back', true);
    await host.create('back', { args: ['cat'], terminal: true }, stdio.paths);
    await stdio.stdin.write('one\n');
    await stdio.stdout.until('one\r\none\r\n');
    stdio.close();
    stdio.open();
    await stdio.stdin.write('two\n');
    await stdio.stdout.until('two\r\ntwo\r\n');
    await host.end();
    await stdio.stdout.untilEnd();
  });

  test('belongs to the exec that asks for one, and to nobody else', async () => {
    const events = await host.events();
    await host.create('plain', { args: ['sleep', '1000'] });
    const stdio = host.stdio('plain-exec', true);
    const args = ['sh', '-c', 'tty; read line; until [ "$(stty size 2>/dev/null)" = "43 132" ]; do sleep 0.05; done; exit 7'];
    await host.client.addProcess({ id: 'plain', pid: 'shell', terminal: true, args, cwd: '/', env: ['PATH=/bin'], ...stdio.paths });
    await stdio.stdout.until('/dev/pts/');
    await host.client.updateProcess({ id: 'plain', pid: 'shell', width: 132, height: 43 });
    await stdio.stdin.write('now\n');
    expect((await events.untilExit('plain', 'shell')).status).toBe(7);
    await host.end();
  });
});
