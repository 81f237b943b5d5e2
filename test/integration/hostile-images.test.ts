import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ctl } from '../support/ctl';
import { type MadeImage, type TarMember, busyboxImage, digestOf, imageOf } from '../support/image-archive';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

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
    await ctl.run('rmi', '--all');
    ctl.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const load = async ({ archive }: MadeImage): Promise<string> => {
    writeFileSync(host.own('image.tar'), archive);
    return ctl.prints('load', host.own('image.tar'));
  };

  test('of more layers than fit into the options of a mount are run', async () => {
    // 150 of these paths are three times what the kernel reads of a mount's options.
    const image = imageOfLayers(150);
    await load(image);
    expect(await ctl.prints('run', '--rm', image.name, '--', 'sh', '-c', 'ls /srv | wc -l; cat /srv/last; echo new >/srv/last; cat /srv/last')).toBe('150\n148\nnew\n');
  });

  test.each([
    ['has vanished', (path: string) => { rmSync(path); }],
    ['is shorter than it was', (path: string) => { truncateSync(path, 100); }],
  ])('a blob that %s is missed in one line, harms nothing that runs, and is there again once its image is loaded anew', async (_, spoil) => {
    const image = busyboxImage('tools:1');
    const [layer = Buffer.alloc(0)] = image.layers;
    await load(image);
    const path = join(host.directory, 'root/images/io.containerd.content.v1.content/blobs/sha256', digestOf(layer).slice('sha256:'.length));
    spoil(path);
    expect(await ctl.run('save', '-o', host.own('saved.tar'), image.name)).toEqual({
      status: 1, stdout: '', stderr: `holdfastctl: the blob ${digestOf(layer)} is no longer whole on the disk (${path}): what has it is to be removed, and fetched or loaded again\n`,
    });
    expect(existsSync(host.own('saved.tar'))).toBe(false);
    expect(await ctl.prints('run', '--rm', image.name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    await ctl.prints('rmi', image.name);
    await load(image);
    await ctl.prints('save', '-o', host.own('saved.tar'), image.name);
  });
});
