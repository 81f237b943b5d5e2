import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { FifoReader, FifoWriter, makeFifo } from '../../support/fifo';
import { untilGone } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';

describeOnHost('stdio without a terminal', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('passes both outputs on, and ends them with the process', async () => {
    const stdio = host.test.stdio('out');
    const init = await host.run('out', { args: ['sh', '-c', 'echo to stdout; echo to stderr >&2'], ...stdio.paths });
    expect(await stdio.stdout.untilEnd()).toBe('to stdout\n');
    expect(await stdio.stderr.untilEnd()).toBe('to stderr\n');
    expect(await init.untilExit()).toBe(0);
  });

  test('passes stdin on until it is told to close it', async () => {
    const stdio = host.test.stdio('in');
    const init = await host.run('in', { args: ['sh', '-c', 'cat; echo end of input'], ...stdio.paths });
    await stdio.stdin.write('first\n');
    await stdio.stdout.until('first\n');
    // A client that leaves and returns: not the end of the input.
    stdio.stdin.close();
    const again = new FifoWriter(stdio.paths.stdin);
    await again.write('second\n');
    await stdio.stdout.until('second\n');
    again.close();
    await init.control('0 0 0\n');
    expect(await stdio.stdout.untilEnd()).toBe('first\nsecond\nend of input\n');
    expect(await init.untilExit()).toBe(0);
  });

  test('garbage and split lines in the control FIFO are survived', async () => {
    const stdio = host.test.stdio('garbage');
    const init = await host.run('garbage', { args: ['cat'], ...stdio.paths });
    stdio.stdin.close();
    await init.control(`nonsense\n9 9 9\n${'7'.repeat(1000)}`);
    await init.control('\n\n-1 0 0\n1 2\n');
    await init.control('0 ');
    await init.control('0 0\n');
    expect(await init.untilExit()).toBe(0);
  });

  test('a reader that comes after the end gets everything, and then the end', async () => {
    const stdout = host.test.own('late');
    makeFifo(stdout);
    // Fits into the pipe, so that the process can end.
    const init = await host.run('late', { args: ['sh', '-c', 'head -c 60000 /dev/zero; exit 4'], stdout });
    expect(await init.untilExit()).toBe(4);
    const reader = new FifoReader(stdout);
    expect(await reader.untilEnd()).toHaveLength(60_000);
  });

  test('a megabyte waits for a late reader, and none of it is lost', async () => {
    const stdout = host.test.own('megabyte');
    const init = await host.run('megabyte', { args: ['sh', '-c', 'head -c 1048576 /dev/zero; exit 4'], stdout });
    // Made by the shim, as it was not there. Readers come and go.
    const first = new FifoReader(stdout);
    await first.until('\0');
    first.pause();
    const seen = first.bytes().length;
    first.close();
    const second = new FifoReader(stdout);
    const rest = await second.untilEnd();
    expect(await init.untilExit()).toBe(4);
    // What the first had taken in before it paused is its own.
    expect(seen + rest.length).toBeGreaterThanOrEqual(1_048_576 - 65_536);
    expect(seen + rest.length).toBeLessThanOrEqual(1_048_576);
  });

  test('output that nobody will read any more does not keep the shim', async () => {
    const stdout = host.test.own('removed');
    makeFifo(stdout);
    const init = await host.run('removed', { args: ['echo', 'unread'], stdout });
    expect(await init.untilExit()).toBe(0);
    rmSync(stdout);
    host.client.close();
    await host.server.exited;
    await untilGone(host.server.socketPath);
  });

  test('a FIFO that nobody reads holds nothing up', async () => {
    const stdout = host.test.own('unread');
    makeFifo(stdout);
    const init = await host.run('unread', { args: ['sleep', '1000'], stdout, stdin: host.test.own('unwritten') });
    expect(await host.listed()).toHaveLength(1);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('reads and appends to plain files', async () => {
    const [stdin, stdout, stderr] = ['input', 'output', 'errors'].map((name) => host.test.own(name));
    if (stdin === undefined || stdout === undefined || stderr === undefined) throw new Error('no paths');
    writeFileSync(stdin, 'from a file\n');
    writeFileSync(stdout, 'before\n');
    writeFileSync(stderr, '');
    const init = await host.run('files', { args: ['sh', '-c', 'cat; echo oops >&2'], stdin, stdout, stderr });
    expect(await init.untilExit()).toBe(0);
    expect(readFileSync(stdout, 'utf8')).toBe('before\nfrom a file\n');
    expect(readFileSync(stderr, 'utf8')).toBe('oops\n');
  });

  test('empty paths and the null device are both nothing', async () => {
    const init = await host.run('null', { args: ['sh', '-c', 'cat; echo unheard'], stdin: '/dev/null', stdout: '/dev/null' });
    expect(await init.untilExit()).toBe(0);
  });

  test('a path of another kind is refused, and names itself', async () => {
    const init = host.init('kind', { args: ['true'], stdin: host.test.directory });
    await expect(host.take(init)).rejects.toThrow(`${host.test.directory} is neither a FIFO`);
    expect(await host.listed()).toEqual([]);
  });

  test('what an exec left running with its stdio does not delay its exit', async () => {
    const init = await host.run('lingering', { args: ['sleep', '1000'] });
    const stdio = host.test.stdio('lingering-exec');
    const exec = host.exec(init, 'parent', { args: ['sh', '-c', 'sleep 1000 & echo started'], ...stdio.paths });
    await host.take(exec);
    expect(await exec.untilExit()).toBe(0);
    await stdio.stdout.until('started\n');
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
    expect(await stdio.stdout.untilEnd()).toBe('started\n');
  });
});
