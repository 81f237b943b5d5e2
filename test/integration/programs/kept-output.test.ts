import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { FifoWriter } from '../../support/fifo';
import { untilContains, untilExists } from '../../support/files';
import { keptBytes, keptIn, keptLines, keptSize, keptText } from '../../support/kept-files';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';

const counted = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, index) => `${String(from + index)}\n`).join('');

describeOnHost('output that is kept', realContainers, () => {
  let host: ShimHost;
  let dir: string;
  beforeEach(async () => {
    host = await ShimHost.start();
    dir = host.test.own('kept');
  });
  afterEach(() => host.cleanUp());

  test('is in one file, a line each with its time, in the order in which it came', async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const file = join(dir, 'output.0000000001.log');
    // To be watched from the beginning.
    mkdirSync(dir);
    writeFileSync(file, '');
    // Each once the one before is there: the copier takes both streams when it comes to them.
    const stdin = host.test.own('in');
    const script = 'echo one; read line; echo two >&2; read line; printf three';
    const box = await host.run('box', { args: ['sh', '-c', script], output: keptIn(dir), stdin });
    const input = new FifoWriter(stdin);
    for (const word of ['one', 'two']) {
      await untilContains(file, ` F ${word}\n`);
      await input.write('go\n');
    }
    input.close();
    expect(await box.untilExit()).toBe(0);
    const lines = keptLines(dir);
    expect(lines.map(({ stream, text, isPartial }) => [stream, text.toString(), isPartial])).toEqual([
      ['stdout', 'one', false],
      ['stderr', 'two', false],
      ['stdout', 'three', true],
    ]);
    const times = lines.map(({ timeNs }) => timeNs);
    expect([...times].sort()).toEqual(times);
    expect((times[0] ?? 0n) >= before).toBe(true);
    expect(readdirSync(dir)).toEqual(['output.0000000001.log']);
  });

  test('is whole in both formats, however much there is', async () => {
    const script = 'seq 200000; seq 200001 300000 >&2';
    for (const format of ['cri', 'raw'] as const) {
      const at = `${dir}-${format}`;
      const box = await host.run(format, { args: ['sh', '-c', script], output: keptIn(at, { format }) });
      expect(await box.untilExit()).toBe(0);
      const [out, err] = format === 'cri' ? [keptText(at, 'stdout'), keptText(at, 'stderr')] : [keptBytes(at, 'stdout').toString(), keptBytes(at, 'stderr').toString()];
      expect(out === counted(1, 200_000)).toBe(true);
      expect(err === counted(200_001, 300_000)).toBe(true);
    }
  });

  test.each(['cri', 'raw'] as const)('never takes more than was promised: %s', async (format) => {
    const output = keptIn(dir, { format, maxSizeBytes: 20_000, maxFiles: 4 });
    const box = await host.run('box', { args: ['sh', '-c', 'seq 100000; seq 100000 >&2'], output });
    expect(await box.untilExit()).toBe(0);
    expect(keptSize(dir)).toBeLessThanOrEqual(80_000);
    expect(keptSize(dir)).toBeGreaterThan(50_000);
    // What is left is the end, without a hole.
    const err = format === 'cri' ? keptText(dir, 'stderr') : keptBytes(dir, 'stderr').toString();
    expect(counted(1, 100_000).endsWith(err)).toBe(true);
  });

  test('is whole once the end of a task is told, which is before all is done', async () => {
    const box = await host.run('box', { args: ['sh', '-c', 'seq 100000'], output: keptIn(dir), namespace: 'tests' });
    await box.exit.untilEnd();
    expect(keptText(dir, 'stdout') === counted(1, 100_000)).toBe(true);
    await untilExists(join(box.dir, 'holdfast-deleted'));
  });

  test('a long line comes in parts', async () => {
    const box = await host.run('box', { args: ['sh', '-c', 'head -c 40000 /dev/zero | tr "\\0" x; echo'], output: keptIn(dir) });
    expect(await box.untilExit()).toBe(0);
    expect(keptText(dir, 'stdout')).toBe(`${'x'.repeat(40_000)}\n`);
    expect(keptLines(dir).every(({ text }) => text.length <= 16_384)).toBe(true);
  });

  test('goes on in the same file with the next run, with an exec beside it, and of a terminal', async () => {
    const output = keptIn(dir);
    const first = await host.run('box', { args: ['echo', 'first'], output });
    await first.untilExit();
    first.remove();
    const box = await host.run('box', { args: ['sleep', '1000'], output });
    const exec = host.exec(box, 'exec', { args: ['echo', 'exec'], output });
    await host.take(exec);
    expect(await exec.untilExit()).toBe(0);
    const terminal = host.exec(box, 'terminal', { args: ['sh', '-c', 'test -t 1 && echo terminal'], terminal: true, output });
    await host.take(terminal);
    expect(await terminal.untilExit()).toBe(0);
    expect(keptText(dir, 'stdout')).toBe('first\nexec\nterminal\r\n');
    expect(readdirSync(dir)).toHaveLength(1);
    await host.test.runtime('kill', 'box', 'KILL');
    await box.untilExit();
  });

  test('what a process left running goes on writing, and its exit does not wait for it', async () => {
    const box = await host.run('box', { args: ['sleep', '1000'], output: keptIn(dir) });
    const exec = host.exec(box, 'exec', { args: ['sh', '-c', '(while [ ! -e /go ]; do sleep 0.05; done; echo later) & echo first'], output: keptIn(dir) });
    await host.take(exec);
    expect(await exec.untilExit()).toBe(0);
    expect(keptText(dir, 'stdout')).toBe('first\n');
    await host.test.runtime('kill', 'box', 'KILL');
    await box.untilExit();
  });
});
