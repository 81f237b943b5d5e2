import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ctl } from '../support/ctl';
import { type MadeImage, type TarMember, busyboxImage, digestOf, imageOf } from '../support/image-archive';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';
import { TestRegistry } from '../support/test-registry';
import { until } from '../support/until';

/** Each layer upon the first has a file of its own, and one that all of them have. */
function imageOfLayers(count: number): MadeImage {
  const first: readonly TarMember[] = [
    ...['bin', 'srv'].map((name) => ({ name, directory: true as const })),
    ...['sh', 'ls', 'wc', 'cat'].map((name) => ({ name: `bin/${name}`, link: 'busybox' })),
    { name: 'bin/busybox', bytes: readFileSync('/bin/busybox'), mode: 0o755 },
  ];
  const others = Array.from({ length: count - 1 }, (_, at): readonly TarMember[] => ['last', `f${String(at)}`].map((name) => ({ name: `srv/${name}`, bytes: Buffer.from(`${String(at)}\n`) })));
  return imageOf(`layers:${String(count)}`, [first, ...others], { Env: ['PATH=/bin'] });
}

describeOnHost('images that ask for much, or are not whole', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let ctl: Ctl;
  beforeEach(async () => {
    host = await shared.take();
    ctl = new Ctl(host);
  });
  afterEach(async () => {
    await ctl.runHere('rmi', '--all');
    ctl.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const load = async ({ archive }: MadeImage): Promise<string> => {
    writeFileSync(host.own('image.tar'), archive);
    return ctl.says('load', host.own('image.tar'));
  };

  test('of more layers than fit into the options of a mount are run', async () => {
    // 150 of these paths are three times what the kernel reads of a mount's options.
    const image = imageOfLayers(150);
    await load(image);
    expect(await ctl.prints('run', '--rm', image.name, '--', 'sh', '-c', 'ls /srv | wc -l; cat /srv/last; echo new >/srv/last; cat /srv/last')).toBe('150\n148\nnew\n');
  });

  const files = (...path: readonly string[]): string => join(host.directory, 'root/images', ...path);
  const fileOf = (blob: Buffer): string => files('io.containerd.content.v1.content/blobs/sha256', digestOf(blob).slice('sha256:'.length));

  test.each([
    ['has vanished', (path: string) => { rmSync(path); }],
    ['is shorter than it was', (path: string) => { truncateSync(path, 100); }],
  ])('a blob that %s is missed in one line, harms nothing that runs, and is there again once its image is loaded again', async (_, spoil) => {
    const image = busyboxImage('tools:1');
    const [layer = Buffer.alloc(0)] = image.layers;
    await load(image);
    const path = fileOf(layer);
    spoil(path);
    const missed = { status: 1, stdout: '', stderr: `holdfastctl: the blob ${digestOf(layer)} is no longer whole on the disk (${path}): what has it is to be pulled or loaded again\n` };
    expect(await ctl.run('save', '-o', host.own('saved.tar'), image.name)).toEqual(missed);
    expect(existsSync(host.own('saved.tar'))).toBe(false);
    expect(await ctl.prints('run', '--rm', image.name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    // An archive of a client that leaves out what is here.
    execFileSync('tar', ['--delete', '-f', host.own('image.tar'), `blobs/${digestOf(layer).replace(':', '/')}`]);
    expect(await ctl.run('load', host.own('image.tar'))).toEqual(missed);
    expect(await load(image)).toBe('tools:1: loaded\n');
    expect(readFileSync(path)).toEqual(layer);
    await ctl.prints('save', '-o', host.own('saved.tar'), image.name);
    await ctl.says('rmi', image.name);
    await ctl.says('load', host.own('saved.tar'));
    expect(await ctl.prints('run', '--rm', image.name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
  });

  test('whatever is left of an image, a pull of it brings all of it back, and asks for nothing else', async () => {
    const registry = await TestRegistry.start();
    try {
      const image = busyboxImage('tools:1');
      const name = registry.push('tools', '1', image);
      await ctl.prints('pull', name);
      const [lower = Buffer.alloc(0), upper = Buffer.alloc(0)] = image.layers;
      const before = registry.seen.length;
      rmSync(fileOf(lower));
      truncateSync(fileOf(image.config), 3);
      rmSync(fileOf(image.manifest));
      // So that nobody has them in memory.
      await host.stopDaemon();
      await host.startDaemon();
      const { status, stderr } = await ctl.run('run', '--rm', name, '--', 'true');
      expect([status, stderr]).toEqual([125, expect.stringContaining(`the blob ${digestOf(image.manifest)} is no longer whole on the disk`)]);
      expect(await ctl.prints('pull', name)).toBe(`${name}: up to date, ${digestOf(image.manifest)}\n`);
      expect(registry.asked.slice(before)).toEqual(['manifests/1', `blobs/${digestOf(image.config)}`, `blobs/${digestOf(lower)}`]);
      for (const blob of [image.manifest, image.config, lower, upper]) expect(readFileSync(fileOf(blob))).toEqual(blob);
      expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    } finally {
      await registry.close();
    }
  });

  test.each([
    ['load', (image: MadeImage) => load(image)],
    ['run', () => Promise.resolve()],
  ])('the directory of an unpacked layer that has vanished is there again after a %s of its image', async (_, mend) => {
    const image = busyboxImage('tools:1');
    await load(image);
    const snapshots = files('io.containerd.snapshotter.v1.overlayfs/snapshots');
    const before = readdirSync(snapshots).sort();
    const [lowest = ''] = before.filter((name) => existsSync(join(snapshots, name, 'fs/bin/busybox')));
    rmSync(join(snapshots, lowest, 'fs'), { recursive: true });
    await mend(image);
    expect(await ctl.prints('run', '--rm', image.name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    await until('what it took to go', () => readdirSync(snapshots).sort(), (names) => names.join(' ') === before.join(' '));
  });
});
