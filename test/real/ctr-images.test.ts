import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodeOf } from '../../src/sys/thrown';
import { busyboxImage, digestOf } from '../support/image-archive';
import { Side } from './support/side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

const name = 'example.org/busybox:1';
const image = busyboxImage(name);
const hello = Buffer.from('hello\n');

/** The code of what it throws. */
function errorOf(act: () => void): string {
  try {
    act();
    return 'done';
  } catch (error) {
    return errorCodeOf(error) ?? String(error);
  }
}

describeReal('ctr: content, images, snapshots', () => {
  const sides = new SideBySide((backend) => new Side(backend));
  const same = sides.same.bind(sides);

  /** The archive as a file of the side's. */
  const archiveOf = (side: Side): string => {
    const path = side.place.path('image.tar');
    writeFileSync(path, image.archive);
    return path;
  };
  /** Runs ctr and notes what it has printed, the lines in order: which ctr prints in that of a map, or of the times. */
  const sorted = async (side: Side, ...args: readonly string[]): Promise<void> => {
    const { stdout, code } = await side.quietly({}, ...args);
    side.note(`$ ctr ${args.join(' ')}`);
    const [head = '', ...rest] = stdout.trim().split('\n');
    const labelled = rest.map((line) => line.replace(/(Less than a second|\d+ seconds?|About a minute)/, '<age>').replace(/\S+=\S+/g, (labels) => labels.split(',').sort().join(',')));
    side.note([head, ...labelled.sort()].join('\n'));
    side.note(`exit status ${String(code)}`);
  };
  /** What an archive has beside the image goes with its lease, a moment after the import, on either side: this waits for the image's own content alone. */
  const collected = (side: Side): Promise<unknown> => {
    const count = [image.manifest, image.config, ...image.layers].length;
    return until('the content to be the image\'s', async () => (await side.quietly({}, 'content', 'ls', '-q')).stdout.trim().split('\n'), (digests) => digests.length === count);
  };
  /** What ctr says of a snapshot that cannot be: Debian's names it by a key of its own store's, `<namespace>/<number>/<key>`. */
  const refused = async (side: Side, ...args: readonly string[]): Promise<void> => {
    const { stderr, code } = await side.quietly({}, 'snapshots', ...args);
    side.note(`$ ctr snapshots ${args.join(' ')}\n${stderr.replace(/\S+\/\d+\/(?=\w+)/, (key) => (key.startsWith('"') ? '"' : ''))}\nexit status ${String(code)}`);
  };
  /** Of views nobody says that they are wanted: collectors take them within 0.2 s of any removal, which `ctr snapshots rm` of several may be slower than. */
  const keep = async (side: Side, snapshotter: string, view: string): Promise<void> => {
    await side.quietly({}, 'snapshots', '--snapshotter', snapshotter, 'label', view, 'containerd.io/gc.root=now');
  };

  same('content: ingest, list, get, label, remove', async (side) => {
    await side.ctr('content', 'ls');
    // One that nothing keeps would be gone a moment later.
    await side.ctr('leases', 'create', '--id', 'keeps');
    const ingest = (...flags: string[]) => side.ctrWith({ stdin: hello.toString() }, 'content', 'ingest', ...flags, 'a ref');
    await ingest('--expected-digest', digestOf(hello), '--expected-size', '6');
    await ingest('--expected-digest', digestOf(hello), '--expected-size', '6');
    await ingest('--expected-digest', digestOf(Buffer.from('other')));
    await ingest('--expected-size', '7');
    await side.ctr('content', 'active');
    await sorted(side, 'content', 'ls');
    await sorted(side, 'content', 'ls', '-q');
    await side.ctr('content', 'get', digestOf(hello));
    await side.ctr('content', 'get', digestOf(Buffer.from('other')));
    await side.ctr('content', 'get', 'zz');
    const { stdout } = await side.quietly({}, 'content', 'label', digestOf(hello), 'x=y', 'containerd.io/gc.root=now');
    side.note(stdout.trim().split(',').sort().join(','));
    await side.ctr('content', 'label', digestOf(Buffer.from('other')), 'x=y');
    await sorted(side, 'content', 'ls', 'labels.x==y');
    await sorted(side, 'content', 'ls', 'labels.x==z');
    await side.ctr('content', 'ls', 'labels.x=y');
    await side.ctr('content', 'rm', digestOf(hello), digestOf(Buffer.from('other')), 'zz');
    await side.ctr('content', 'ls', '-q');
    await side.ctr('leases', 'rm', 'keeps');
  });

  same('images: import, list, check, tag, label, export, remove', async (side) => {
    await side.ctr('images', 'import', '--no-unpack', archiveOf(side));
    await side.ctr('images', 'import', '--no-unpack', side.place.path('none.tar'));
    await sorted(side, 'images', 'ls');
    await side.ctr('images', 'ls', '-q');
    await side.ctr('images', 'ls', '-q', 'name==nope');
    await side.ctr('images', 'ls', '-q', `target.digest==${digestOf(image.manifest)}`);
    await side.ctr('images', 'check');
    await collected(side);
    await sorted(side, 'content', 'ls');
    await side.ctr('images', 'tag', name, 'example.org/other:2');
    await side.ctr('images', 'tag', name, 'example.org/other:2');
    await side.ctr('images', 'tag', '--force', name, 'example.org/other:2');
    await side.ctr('images', 'tag', 'nope', 'example.org/other:3');
    await side.ctr('images', 'label', name, 'a=b');
    await side.ctr('images', 'label', name, 'a=');
    await side.ctr('images', 'label', 'nope', 'a=b');
    await side.ctr('images', 'export', side.place.path('out.tar'), 'example.org/other:2');
    await side.ctr('images', 'export', side.place.path('out2.tar'), 'nope');
    await side.ctr('namespaces', 'rm', side.place.namespace);
    await side.ctr('images', 'rm', name, 'nope');
    await side.ctr('images', 'ls', '-q');
    await sorted(side, 'content', 'ls', '-q');
    await side.ctr('images', 'rm', '--sync', 'example.org/other:2');
    await side.ctr('content', 'ls', '-q');
    // What it has written reads back as the same image.
    await side.ctr('images', 'import', '--no-unpack', side.place.path('out.tar'));
    await side.ctr('images', 'check');
    await side.ctr('images', 'rm', '--sync', 'example.org/other:2');
  });

  same('content goes with the last image that names it', async (side) => {
    await side.quietly({}, 'images', 'import', '--no-unpack', archiveOf(side));
    await side.ctr('images', 'tag', name, 'example.org/other:2');
    await side.ctr('images', 'rm', name);
    await collected(side);
    await sorted(side, 'content', 'ls', '-q');
    await side.ctr('images', 'rm', 'example.org/other:2');
    await until('all content to go', async () => (await side.quietly({}, 'content', 'ls', '-q')).stdout, (names) => names === '');
  });

  same('a blob whose file has vanished is there again after an import', async (side) => {
    await side.quietly({}, 'images', 'import', '--no-unpack', archiveOf(side));
    const [layer = Buffer.alloc(0)] = image.layers;
    const place = side.place.path('.');
    const found = readdirSync(place, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(`/blobs/sha256/${digestOf(layer).slice('sha256:'.length)}`)) ?? '';
    rmSync(join(place, found));
    await side.quietly({}, 'images', 'import', '--no-unpack', archiveOf(side));
    side.note(existsSync(join(place, found)) && readFileSync(join(place, found)).equals(layer) ? 'it is there' : 'it is not');
    await side.ctr('images', 'rm', '--sync', name);
  });

  same('an image is unpacked, run and changed, and a layer is made of what has changed', async (side) => {
    await side.quietly({}, 'images', 'import', archiveOf(side));
    await side.ctr('snapshots', 'ls');
    await side.ctr('images', 'check');
    await side.ctr('run', '--rm', name, 'r1', 'cat', '/etc/second');
    await side.ctr('run', '--rm', '--user', 'ann', name, 'r2', 'id');
    await side.ctr('run', '--rm', name, 'r3', 'ls', '-la', '/bin/sh');
    await side.ctr('run', name, 'r4', 'sh', '-c', 'echo new >/etc/new; rm /etc/group; rm -r /tmp; mkdir /tmp; ln /etc/new /etc/hard');
    const { stdout, code } = await side.quietly({}, 'snapshots', 'diff', 'r4');
    side.note(`diff: ${stdout === '' ? 'nothing' : 'an archive'}, exit status ${String(code)}`);
    await side.ctr('tasks', 'rm', 'r4');
    await side.ctr('containers', 'rm', 'r4');
    await side.ctr('snapshots', 'ls');
    await side.ctr('images', 'rm', '--sync', name);
    await side.ctr('snapshots', 'ls');
  });

  same('an image is mounted where somebody says, to read or to write, and unmounted', async (side) => {
    await side.quietly({}, 'images', 'import', archiveOf(side));
    const [reading, writing] = [side.place.path('reading'), side.place.path('writing')];
    mkdirSync(reading);
    mkdirSync(writing);
    try {
      await side.ctr('images', 'mount', name, reading);
      side.note(readFileSync(`${reading}/etc/second`, 'utf8'));
      side.note(errorOf(() => { writeFileSync(`${reading}/new`, ''); }));
      await side.ctr('images', 'mount', '--rw', name, writing);
      writeFileSync(`${writing}/new`, 'written');
      await sorted(side, 'snapshots', 'ls');
      await side.ctr('images', 'mount', 'nope', reading);
      await side.ctr('images', 'mount', name, side.place.path('nowhere'));
      await side.ctr('images', 'unmount', reading);
      await side.ctr('images', 'unmount', '--rm', writing);
      await side.ctr('images', 'unmount', reading);
      side.note(JSON.stringify([readdirSync(reading), readdirSync(writing)]));
      await sorted(side, 'snapshots', 'ls');
    } finally {
      for (const place of [reading, writing]) await side.quietly({}, 'images', 'unmount', '--rm', place);
    }
    await side.ctr('images', 'rm', '--sync', name);
    await side.ctr('snapshots', 'ls');
  });

  same('two namespaces with one image', async (side) => {
    const others = `${side.place.namespace}.2`;
    await side.quietly({}, 'images', 'import', '--no-unpack', archiveOf(side));
    await side.ctr('-n', others, 'content', 'ls', '-q');
    await side.ctr('-n', others, 'content', 'get', digestOf(image.manifest));
    await side.ctr('-n', others, 'images', 'import', '--no-unpack', side.place.path('image.tar'));
    await side.ctr('images', 'rm', '--sync', name);
    await side.ctr('content', 'ls', '-q');
    await side.ctr('-n', others, 'images', 'check');
    await side.ctr('-n', others, 'images', 'rm', '--sync', name);
    await side.ctr('-n', others, 'content', 'ls', '-q');
    await side.ctr('namespaces', 'rm', others);
  });

  same('snapshots: prepare, view, commit, mounts, tree, usage, info, label, remove', async (side) => {
    await side.ctr('snapshots', 'ls');
    await side.ctr('snapshots', 'prepare', 'k1');
    await side.ctr('snapshots', 'prepare', 'k1');
    await side.ctr('snapshots', 'prepare', 'k2', 'nope');
    await refused(side, 'prepare', 'k2', 'k1');
    await side.ctr('snapshots', 'mounts', '/mnt', 'k1');
    await side.ctr('snapshots', 'mounts', '/mnt', 'nope');
    await side.ctr('snapshots', 'usage', 'k1');
    await side.ctr('snapshots', 'commit', 'c1', 'k1');
    await side.ctr('snapshots', 'commit', 'c1', 'k1');
    await side.ctr('snapshots', 'commit', 'c2', 'k1');
    await refused(side, 'mounts', '/mnt', 'c1');
    await side.ctr('snapshots', 'prepare', 'k2', 'c1');
    await side.ctr('snapshots', 'mounts', '/mnt', 'k2');
    await side.ctr('snapshots', 'view', 'v1', 'c1');
    await side.ctr('snapshots', 'mounts', '/mnt', 'v1');
    await refused(side, 'commit', 'c2', 'v1');
    await side.ctr('snapshots', 'commit', 'c2', 'k2');
    await side.ctr('snapshots', 'view', 'v2', 'c2');
    await side.ctr('snapshots', 'mounts', '/mnt', 'v2');
    await side.ctr('snapshots', 'prepare', 'k3', 'c2');
    await side.ctr('snapshots', 'mounts', '/mnt', 'k3');
    await side.ctr('snapshots', 'view', 'v0');
    await side.ctr('snapshots', 'mounts', '/mnt', 'v0');
    await side.ctr('snapshots', 'ls');
    await side.ctr('snapshots', 'ls', 'kind==active');
    await side.ctr('snapshots', 'usage');
    await sorted(side, 'snapshots', 'tree');
    await side.ctr('snapshots', 'info', 'nope');
    const { stdout } = await side.quietly({}, 'snapshots', 'info', 'c2');
    side.note(stdout);
    const { stdout: labels } = await side.quietly({}, 'snapshots', 'label', 'k3', 'x=y');
    // ctr prints them in the order of a map, which is none.
    side.note(labels.trim().split(',').sort().join(','));
    await side.ctr('snapshots', 'label', 'k3', 'x=');
    await side.ctr('snapshots', 'label', 'nope', 'x=y');
    await side.ctr('snapshots', 'rm', 'c2');
    await side.ctr('snapshots', 'rm', 'nope');
    await side.ctr('namespaces', 'rm', side.place.namespace);
    for (const view of ['v0', 'v1', 'v2']) await keep(side, 'overlayfs', view);
    await side.ctr('snapshots', 'rm', 'k3', 'v2', 'c2', 'v1', 'v0', 'c1');
    await side.ctr('snapshots', 'ls');
    await side.ctr('snapshots', '--snapshotter', 'nope', 'ls');
  });

  same('the native snapshotter', async (side) => {
    const native = ['snapshots', '--snapshotter', 'native'];
    await side.ctr(...native, 'prepare', 'k1');
    await side.ctr(...native, 'mounts', '/mnt', 'k1');
    await side.ctr(...native, 'commit', 'c1', 'k1');
    await side.ctr(...native, 'prepare', 'k2', 'c1');
    await side.ctr(...native, 'mounts', '/mnt', 'k2');
    await side.ctr(...native, 'view', 'v1', 'c1');
    await side.ctr(...native, 'mounts', '/mnt', 'v1');
    await side.ctr(...native, 'usage');
    await keep(side, 'native', 'v1');
    await side.ctr(...native, 'rm', 'k2', 'v1', 'c1');
    await side.ctr(...native, 'ls');
  });
});
