import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { keptMoments, packMoments } from '../../src/sys/fault-points';
import { keptBytes, keptIn, keptText, keptTexts } from '../support/kept-files';
import { describeOnHost, realContainers } from '../support/requires';
import { FifoReader, FifoWriter } from '../support/fifo';
import { untilContains } from '../support/files';
import { ShimHost, type PreparedProcess } from '../support/shim-host';
import { killCopiers } from '../support/shims';

const lines = 100_000;
const counted = Array.from({ length: lines }, (_, index) => `${String(index + 1)}\n`).join('');
/** Chunks that are all the same: what is lost or doubled shows in their number alone. */
const same = 'y\n'.repeat(lines);
const script = `seq ${String(lines)}; yes | head -n ${String(lines)} >&2`;

function textsOf(dir: string, format: 'cri' | 'raw'): Record<'stdout' | 'stderr', string> {
  return format === 'cri' ? keptTexts(dir) : { stdout: keptBytes(dir, 'stdout').toString(), stderr: keptBytes(dir, 'stderr').toString() };
}

describeOnHost('a copier that is killed while it keeps output', realContainers, () => {
  let host: ShimHost;
  afterEach(() => host.cleanUp());

  // The second time: there is something before it, and there is more after it. Small files: some moments come at a rotation alone.
  test.each(keptMoments.flatMap((moment) => (['cri', 'raw'] as const).map((format) => [moment, format] as const)))('at %s loses and doubles nothing: %s', async (moment, format) => {
    host = ShimHost.withoutShim();
    const mark = host.test.own('mark');
    const dir = host.test.own('kept');
    await host.startShim({ HOLDFAST_FAULTS: `${moment}=kill:2@${mark}` });
    const output = keptIn(dir, { format, maxSizeBytes: 200_000, maxFiles: 1000 });
    const box = await host.run('box', { args: ['sh', '-c', script], output });
    expect(await box.untilExit()).toBe(0);
    expect(existsSync(mark)).toBe(true);
    const { stdout, stderr } = textsOf(dir, format);
    expect(stdout === counted).toBe(true);
    expect(stderr === same).toBe(true);
  });
});

describeOnHost('a copier that is killed while it packs files', realContainers, () => {
  let host: ShimHost;
  afterEach(() => host.cleanUp());

  test.each(([...packMoments, 'copier.kept.written', 'copier.kept.rotated'] as const).flatMap((moment) => (['cri', 'raw'] as const).map((format) => [moment, format] as const)))('at %s loses and doubles nothing: %s', async (moment, format) => {
    host = ShimHost.withoutShim();
    const mark = host.test.own('mark');
    const dir = host.test.own('kept');
    await host.startShim({ HOLDFAST_FAULTS: `${moment}=kill:2@${mark}` });
    const stdin = host.test.own('in');
    const box = await host.run('box', { args: ['sh', '-c', `${script}; read line; ${script}`], output: keptIn(dir, { format, maxSizeBytes: 200_000, maxFiles: 1000, compress: true }), stdin });
    const input = new FifoWriter(stdin);
    // Files of before are packed while more comes. Nothing tells of one that has been.
    while (!existsSync(mark) || !existsSync(dir) || !readdirSync(dir).some((name) => name.endsWith('.gz'))) await new Promise((resolve) => { setTimeout(resolve, 10); });
    await input.write('go\n');
    input.close();
    expect(await box.untilExit()).toBe(0);
    const { stdout, stderr } = textsOf(dir, format);
    expect(stdout === counted + counted).toBe(true);
    expect(stderr === same + same).toBe(true);
  });
});

/** Another shim goes on. */
async function adopt(host: ShimHost, box: PreparedProcess): Promise<void> {
  await host.startShim();
  box.watchAnew();
  await host.client.request('adopt', box.adoption());
}

const deaths: readonly (readonly [string, (host: ShimHost) => Promise<void>])[] = [
  ['the copier', (host) => killCopiers(host.test)],
  ['the shim', (host) => host.killShim()],
  [
    'shim and copier',
    async (host) => {
      await host.killShim();
      await killCopiers(host.test);
    },
  ],
];

describeOnHost('output that is kept, of a container that goes on', realContainers, () => {
  let host: ShimHost;
  let dir: string;
  beforeEach(async () => {
    host = await ShimHost.start();
    dir = host.test.own('kept');
  });
  afterEach(() => host.cleanUp());

  const firstFile = (): string => join(dir, 'output.0000000001.log');

  test.each(deaths)('%s killed in the middle: nothing is lost or doubled, and its status is its own', async (name, strike) => {
    // To be watched from the beginning.
    mkdirSync(dir);
    writeFileSync(firstFile(), '');
    // It ends no sooner than it is told: without a process, and with its shim dead, the copier would have ended by itself.
    const stdin = host.test.own('in');
    const box = await host.run('box', { args: ['sh', '-c', `${script}; read line; exit 7`], output: keptIn(dir), stdin });
    const input = new FifoWriter(stdin);
    await untilContains(firstFile(), ' F 5000\n');
    await strike(host);
    if (name !== 'the copier') await adopt(host, box);
    await input.write('go\n');
    input.close();
    expect(await box.untilExit()).toBe(7);
    const { stdout, stderr } = keptTexts(dir);
    expect(stdout === counted).toBe(true);
    expect(stderr === same).toBe(true);
  });

  test('shim and copier killed: it waits, is not killed for it, and goes on with the next shim', async () => {
    const paths = { stdin: host.test.own('in'), stderr: host.test.own('err') };
    const box = await host.run('box', {
      args: ['sh', '-c', `read line; seq 20000; echo written >&2; seq 20001 ${String(lines)}; exit 7`], output: keptIn(dir), ...paths,
    });
    const input = new FifoWriter(paths.stdin);
    const said = new FifoReader(paths.stderr);
    await host.killShim();
    await killCopiers(host.test);
    await input.write('go\n');
    await said.until('written');
    said.close();
    input.close();
    await adopt(host, box);
    expect(await box.untilExit()).toBe(7);
    expect(keptText(dir, 'stdout') === counted).toBe(true);
  });
});
