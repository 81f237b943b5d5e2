import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { noticeMoments } from '../../../src/sys/fault-points';
import { FifoWriter } from '../../support/fifo';
import { keptBytes, keptIn, keptText } from '../../support/kept-files';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';

const counted = (from: number, to: number): readonly string[] => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
const notice = /^holdfast: (\d+) lines? (?:was|were) dropped here: more than (\d+) in (\S+)$/;

/** How many lines notices tell of. */
const droppedIn = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + Number(notice.exec(line)?.[1] ?? 0), 0);

describeOnHost('output that is kept, of which not all is', realContainers, () => {
  let host: ShimHost;
  let dir: string;
  beforeEach(() => {
    host = ShimHost.withoutShim();
    dir = host.test.own('kept');
  });
  afterEach(() => host.cleanUp());

  const textOf = (format: 'cri' | 'raw', stream: 'stdout' | 'stderr'): readonly string[] =>
    (format === 'cri' ? keptText(dir, stream) : keptBytes(dir, stream).toString()).split('\n').slice(0, -1);

  /** A file may go in this moment: then once more. */
  const textNow = (format: 'cri' | 'raw'): string => {
    for (;;) {
      try {
        return textOf(format, 'stdout').join(' ');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  };

  test.each(['cri', 'raw'] as const)('lines beyond a rate are dropped and counted, each stream\'s by itself: %s', async (format) => {
    await host.startShim();
    const output = keptIn(dir, { format, rate: { lines: 100, perMs: 3_600_000 } });
    const box = await host.run('box', { args: ['sh', '-c', 'seq 50000; seq 7 >&2'], output });
    expect(await box.untilExit()).toBe(0);
    expect(textOf(format, 'stdout')).toEqual([...counted(1, 100), 'holdfast: 49900 lines were dropped here: more than 100 in 3600s']);
    expect(textOf(format, 'stderr')).toEqual(counted(1, 7));
  });

  test('as soon as there is time for more, what was dropped is told, and lines are kept again; each is kept whole or not at all', async () => {
    await host.startShim();
    const output = keptIn(dir, { rate: { lines: 5, perMs: 150 } });
    // Lines that come in two pieces.
    const script = 'for n in $(seq 300); do printf $n-; [ $((n % 40)) = 0 ] && sleep 0.2; echo $n; done';
    const box = await host.run('box', { args: ['sh', '-c', script], output });
    expect(await box.untilExit()).toBe(0);
    const lines = textOf('cri', 'stdout');
    const kept = lines.filter((line) => !notice.test(line));
    expect(kept.every((line) => /^(\d+)-\1$/.test(line))).toBe(true);
    expect(kept.length).toBeGreaterThan(5);
    expect(lines.length - kept.length).toBeGreaterThan(1);
    expect(kept.length + droppedIn(lines)).toBe(300);
  });

  test.each([...noticeMoments, 'copier.kept.noted', 'copier.kept.written', 'copier.kept.staged'] as const)('a copier that is killed at %s miscounts nothing', async (moment) => {
    const mark = host.test.own('mark');
    await host.startShim({ HOLDFAST_FAULTS: `${moment}=kill:1@${mark}` });
    const output = keptIn(dir, { rate: { lines: 1000, perMs: 100 } });
    const box = await host.run('box', { args: ['sh', '-c', 'seq 20000; sleep 0.3; seq 20001 40000'], output });
    expect(await box.untilExit()).toBe(0);
    expect(existsSync(mark)).toBe(true);
    const lines = textOf('cri', 'stdout');
    const kept = lines.filter((line) => !notice.test(line));
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept.length + droppedIn(lines)).toBe(40_000);
  });

  test.each(['cri', 'raw'] as const)('what is too old goes, also while nothing is written, and what is not stays: %s', async (format) => {
    await host.startShim();
    const output = keptIn(dir, { format, maxAgeMs: 1000 });
    const stdin = host.test.own('in');
    const box = await host.run('box', { args: ['sh', '-c', 'seq 5; read line; echo new; exec sleep 1000'], output, stdin });
    const input = new FifoWriter(stdin);
    const seen = new Set<string>();
    // It is gone as soon as it is too old itself.
    while (!seen.has('new')) {
      const now = textNow(format);
      if (now === '' && seen.has('1 2 3 4 5')) await input.write('go\n');
      seen.add(now);
      await delay(20);
    }
    input.close();
    expect([...seen].filter((text) => text !== '')).toEqual(['1 2 3 4 5', 'new']);
    process.kill(box.pid, 'SIGKILL');
    await box.untilExit();
  });
});
