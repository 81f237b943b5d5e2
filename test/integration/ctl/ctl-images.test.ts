import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { writeFile as writeTo } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ContentService as Content } from '../../../src/api/gen/containerd/services/content/v1/content';
import { ImagesService as Images } from '../../../src/api/gen/containerd/services/images/v1/images';
import { SnapshotsService as Snapshots } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { ImageCreate } from '../../../src/api/gen/containerd/events/image';
import { EventsService as Events } from '../../../src/api/gen/containerd/services/events/v1/events';
import type { Envelope } from '../../../src/api/gen/containerd/types/envelope';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl } from '../../support/ctl';
import { openPaths } from '../../support/descriptors';
import { makeFifo } from '../../support/fifo';
import { busyboxImage, digestOf, imageOf } from '../../support/image-archive';
import { Recorder } from '../../support/recorder';
import { describeOnHost, realContainers } from '../../support/requires';
import { tarOf } from '../../support/tars';
import { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const image = busyboxImage('example.org/tools:1');
const namespace = 'programs';

describeOnHost('holdfastctl load, images, rmi, save', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  let client: ContainerdClient;

  beforeEach(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    client = new ContainerdClient(host.socketPath);
    host.closeAtEnd(() => { client.close(); });
  });
  afterEach(() => host.cleanUp());

  const file = (name: string, bytes: Buffer): string => {
    writeFileSync(host.own(name), bytes);
    return host.own(name);
  };
  const snapshots = async (): Promise<string[]> => (await client.all(Snapshots.list, { snapshotter: 'overlayfs', filters: [] }, namespace)).flatMap(({ info }) => info.map(({ name }) => name));
  const blobs = async (): Promise<string[]> => (await client.all(Content.list, { filters: [] }, namespace)).flatMap(({ info }) => info.map(({ digest }) => digest)).sort();
  const files = (place: string): string[] => (existsSync(join(host.directory, 'root/images', place)) ? readdirSync(join(host.directory, 'root/images', place)) : []);
  const all = [image.manifest, image.config, ...image.layers].map(digestOf).sort();
  const chain = digestOf(Buffer.from(image.diffIds.join(' ')));

  test('subscribers hear of what is loaded, loaded again and removed as of what a client of the API makes', async () => {
    const seen = new Recorder<Envelope>(({ topic }) => topic);
    const subscription = await client.follow(Events.subscribe, { filters: ['topic~=|^/images/|'] }, (envelope) => { seen.add(envelope); });
    host.closeAtEnd(() => { subscription.close(); });
    const path = file('image.tar', image.archive);
    for (const args of [['load', path], ['load', path], ['rmi', image.name]]) await ctl.prints(...args);
    const target = { media_type: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(image.manifest), size: BigInt(image.manifest.length), annotations: new Map<string, string>() };
    const made = { name: image.name, labels: new Map<string, string>(), target, created_at: undefined, updated_at: undefined };
    await client.ask(Images.create, { image: made, source_date_epoch: undefined }, namespace);
    await client.ask(Images.update, { image: made, update_mask: undefined, source_date_epoch: undefined }, namespace);
    await client.ask(Images.delete, { name: image.name, sync: false, target: undefined }, namespace);
    await seen.until(() => seen.position === 6, 'six events of images');
    const told = seen.items.map(({ namespace: where, topic, event }) => ({ where, topic, type: event?.type_url, value: Buffer.from(event?.value ?? []).toString('hex') }));
    expect(told.slice(0, 3)).toEqual(told.slice(3));
    expect(told.map(({ where, topic }) => `${where} ${topic}`)).toEqual(['create', 'update', 'delete', 'create', 'update', 'delete'].map((what) => `programs /images/${what}`));
    expect(ImageCreate.decode(seen.items[0]?.event?.value ?? Buffer.alloc(0))).toEqual({ name: image.name, labels: new Map() });
  });

  test('an OCI layout is loaded, unpacked, listed, saved as it was, and taken away with all of it', async () => {
    expect(await ctl.prints('load', file('image.tar', image.archive))).toBe('example.org/tools:1: loaded\n');
    expect((await snapshots()).sort()).toEqual([image.diffIds[0], chain].sort());
    // What the archive has beside the image goes with its lease.
    await until('the blobs to be those of the image', blobs, (found) => JSON.stringify(found) === JSON.stringify(all));
    const size = [image.manifest, image.config, ...image.layers].reduce((sum, { length }) => sum + length, 0);
    expect(JSON.parse(await ctl.prints('images', '--json'))).toMatchObject([{ name: 'example.org/tools:1', digest: digestOf(image.manifest), size_bytes: size }]);
    expect(await ctl.prints('images')).toMatch(/^NAME +DIGEST +SIZE +LOADED\nexample\.org\/tools:1 +[0-9a-f]{12} +\S+ +\d+s ago\n$/);
    await ctl.prints('save', '-o', host.own('saved.tar'), 'example.org/tools:1');
    const names = execFileSync('tar', ['-tf', host.own('saved.tar')], { encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual(expect.arrayContaining(['oci-layout', 'index.json', 'manifest.json', ...all.map((digest) => `blobs/${digest.replace(':', '/')}`)]));
    expect(await ctl.prints('rmi', 'example.org/tools:1')).toBe('example.org/tools:1: removed\n');
    expect([await blobs(), await snapshots(), await ctl.prints('images', '--no-header')]).toEqual([[], [], '']);
    expect(files('io.containerd.content.v1.content/blobs/sha256')).toEqual([]);
    expect(await ctl.prints('load', host.own('saved.tar'))).toBe('example.org/tools:1: loaded\n');
    expect(await ctl.prints('images', '-q')).toBe('example.org/tools:1\n');
    expect((await client.ask(Images.get, { name: 'example.org/tools:1' }, namespace)).image?.target?.digest).toBe(digestOf(image.manifest));
  });

  test('a thread that removes trees is started once there is one to remove', async () => {
    const threads = (): number => readdirSync(`/proc/${String(host.daemon.pid)}/task`).length;
    await ctl.prints('load', file('image.tar', image.archive));
    const before = threads();
    await ctl.prints('rmi', image.name);
    await until('its files to go', () => files('io.containerd.snapshotter.v1.overlayfs/snapshots'), (left) => left.length === 0);
    expect(threads()).toBe(before + 1);
  });

  test("docker's archive is loaded, packed or not, from a file or stdin, under its name or another", async () => {
    const docker = busyboxImage('tools:2');
    expect(await ctl.prints('load', file('docker.tar', docker.dockerArchive))).toBe('tools:2: loaded\n');
    const loading = ctl.start('load', '--name', 'other', '-');
    loading.send(gzipSync(docker.dockerArchive));
    loading.endInput();
    expect(await loading.ended).toEqual({ status: 0, stdout: 'other:latest: loaded\n', stderr: '' });
    expect((JSON.parse(await ctl.prints('images', '--json')) as { name: string }[]).map(({ name }) => name)).toEqual(['docker.io/library/other:latest', 'docker.io/library/tools:2']);
    // The same layers: they are unpacked once.
    expect(await snapshots()).toHaveLength(2);
    await ctl.prints('rmi', 'tools:2');
    expect(await snapshots()).toHaveLength(2);
    await ctl.prints('rmi', 'other');
    expect([await blobs(), await snapshots()]).toEqual([[], []]);
  });

  test('load reads a FIFO, and Ctrl-C ends it while nobody writes there', async () => {
    const fifo = host.own('fifo');
    makeFifo(fifo);
    const waiting = ctl.start('load', fifo);
    await until('that it has opened the FIFO', () => openPaths(waiting.pid), (open) => open.includes(fifo));
    waiting.kill('SIGINT');
    expect(await waiting.ended).toMatchObject({ status: 130, stdout: '' });
    const loading = ctl.start('load', fifo);
    await writeTo(fifo, image.archive);
    expect(await loading.ended).toMatchObject({ status: 0, stderr: '' });
    await ctl.prints('rmi', image.name);
  });

  test('what is no archive of images is refused, and leaves nothing', async () => {
    const wrong = imageOf('wrong:1', [[{ name: 'file', bytes: Buffer.from('x') }]]);
    const other = imageOf('wrong:1', [[{ name: 'file', bytes: Buffer.from('y') }]]);
    const [layer = Buffer.alloc(0)] = other.layers;
    const refusals: readonly (readonly [Buffer, string, number?])[] = [
      [Buffer.from('no archive'), 'the archive was cut off: unexpected end of file'],
      [tarOf([{ path: 'a', content: 'b' }]), 'no archive of images: it has neither oci-layout and index.json nor manifest.json'],
      [image.archive.subarray(0, image.archive.length / 2), 'the archive was cut off: unexpected end of file'],
      [tarOf([{ path: 'manifest.json', content: '[{"Config":"../../etc/passwd","Layers":[]}]' }]), 'manifest.json: the archive has no ../../etc/passwd'],
      [tarOf([{ path: 'manifest.json', content: '{' }]), 'manifest.json: '],
      [tarOf([{ path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }, { path: 'index.json', content: '{"manifests":[{"digest":"sha256:../../x"}]}' }]), 'index.json: manifests[0]: digest: not what it should be'],
      [tarOf([{ path: 'manifest.json', content: JSON.stringify([{ Config: 'c', Layers: ['l'], RepoTags: ['UPPER'] }]) }, { path: 'c', content: wrong.config }, { path: 'l', content: layer }]), '"UPPER" is not a name of an image'],
      [tarOf([{ path: 'manifest.json', content: JSON.stringify([{ Config: 'c', Layers: ['l'], RepoTags: ['wrong:1'] }]) }, { path: 'c', content: wrong.config }, { path: 'l', content: layer }]), `layer 1: it unpacks to ${String(other.diffIds[0])}, and the image says ${String(wrong.diffIds[0])}`],
    ];
    const [lacking = Buffer.alloc(0)] = wrong.layers;
    const blob = (bytes: Buffer) => ({ path: `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`, content: bytes });
    const manifests = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(wrong.manifest), size: wrong.manifest.length, annotations: { 'io.containerd.image.name': wrong.name } }];
    const failures: typeof refusals = [
      [tarOf([{ path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }, blob(wrong.config), blob(wrong.manifest), { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests }) }]), `the image names ${digestOf(lacking)}, which is not here`, 1],
      [tarOf([{ path: 'manifest.json', content: JSON.stringify([{ Config: 'c', Layers: ['l'], RepoTags: ['wrong:1'] }]) }, { path: 'c', content: wrong.config }, { path: 'l', content: 'no layer' }]), 'layer 1: the archive was cut off: unexpected end of file', 1],
    ];
    for (const [archive, words, expected = 2] of [...refusals, ...failures]) {
      const { status, stderr, stdout } = await ctl.run('load', file('wrong.tar', archive));
      expect({ words, status, stdout, stderr: stderr.includes(words) ? words : stderr }).toEqual({ words, status: expected, stdout: '', stderr: words });
    }
    await until('nothing to be left', async () => [...(await blobs()), ...(await snapshots()), ...files('io.containerd.content.v1.content/ingest'), ...files('io.containerd.content.v1.content/blobs/sha256')], (left) => left.length === 0);
    for (const verb of [['rmi', 'nope'], ['save', 'nope'], ['images', 'nope']]) expect(await ctl.run(...verb)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('there is no image nope') as string });
    expect(await ctl.run('load', '/nonexistent')).toMatchObject({ status: 1, stderr: expect.stringContaining('/nonexistent') as string });
    expect(await ctl.run('load', host.directory)).toMatchObject({ status: 1, stderr: expect.stringContaining(host.directory) as string });
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root');
  });

  test('a client that goes away in the middle leaves nothing', async () => {
    const loading = ctl.start('load', '-');
    loading.send(image.archive.subarray(0, image.archive.length / 2));
    await until('some of it to come', () => files('io.containerd.content.v1.content/ingest').length + files('io.containerd.content.v1.content/blobs/sha256').length, (count) => count > 0);
    loading.kill('SIGKILL');
    await until('nothing to be left', async () => [...(await blobs()), ...files('io.containerd.content.v1.content/ingest'), ...files('io.containerd.content.v1.content/blobs/sha256')], (left) => left.length === 0);
  });

  describe('run IMAGE', () => {
    const roots = async () => (await snapshots()).filter((name) => !name.startsWith('sha256:'));
    beforeEach(() => ctl.prints('load', file('image.tar', busyboxImage('tools').archive)));
    afterEach(() => ctl.run('rm', '--force', 'all'));

    test("runs its own command or another, with its user's numbers, its environment and its files", async () => {
      expect(await ctl.prints('run', '--rm', 'tools', '--', 'cat', '/etc/second')).toBe('of the second layer\n');
      expect(await ctl.prints('run', '--rm', '--user', 'ann', 'tools', '--', 'id')).toBe('uid=1000(ann) gid=1001(ann)\n');
      const shell = ctl.start('run', '--rm', '-e', 'GIVEN=yes', 'tools');
      shell.send('echo $PATH $HOME $GIVEN $PWD; exit 3\n');
      expect(await shell.ended).toEqual({ status: 3, stdout: '/bin / yes /\n', stderr: '' });
      expect(await ctl.prints('run', '--rm', '--entrypoint', 'echo', 'tools', '--', 'as', 'asked')).toBe('as asked\n');
      expect(await ctl.run('run', '--rm', 'tools', '--', 'nope')).toMatchObject({ status: 127, stderr: expect.stringContaining('nope: no such file') as string });
      expect(await ctl.run('run', '--rm', '--user', 'bob', 'tools')).toMatchObject({ status: 125, stderr: expect.stringContaining('there is no user bob in the image') as string });
      expect(await ctl.run('run', '--rm', '--pull', 'never', 'none', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('there is no image none') as string });
      await until('all of them to be forgotten', roots, (left) => left.length === 0);
    });

    test('what it writes stays over a killed daemon and a stop, also without its image, until it is forgotten', async () => {
      await ctl.prints('run', '--name', 'box', '--detach', 'tools', '--', 'sh', '-c', 'echo written >>/tmp/file; exec /bin/busybox sleep 1000');
      const file = () => ctl.prints('exec', 'box', '--', 'cat', '/tmp/file');
      await until('the file', () => ctl.run('exec', 'box', '--', 'cat', '/tmp/file'), ({ stdout }) => stdout !== '');
      expect(await ctl.prints('rmi', 'tools')).toBe('tools:latest: removed\n');
      // What a daemon leaves that dies between the two: the next one takes it away.
      await client.ask(Snapshots.prepare, { snapshotter: 'overlayfs', key: 'ghost', parent: '', labels: new Map([['containerd.io/gc.root', 'now'], ['holdfast.program', 'ghost']]) }, namespace);
      await host.stopDaemon('SIGKILL');
      await host.startDaemon();
      client = new ContainerdClient(host.socketPath);
      host.closeAtEnd(() => { client.close(); });
      expect(await file()).toBe('written\n');
      await ctl.prints('stop', 'box');
      await ctl.prints('start', 'box');
      await until('the second run to write', file, (text) => text === 'written\nwritten\n');
      expect(await roots()).toEqual(['box']);
      await ctl.prints('rm', '--force', 'box');
      expect(await roots()).toEqual([]);
      // The layers that only it has kept.
      await until('its layers to go', snapshots, (left) => left.length === 0);
      await until('their files to go', () => files('io.containerd.snapshotter.v1.overlayfs/snapshots'), (left) => left.length === 0);
    });
  });
});
