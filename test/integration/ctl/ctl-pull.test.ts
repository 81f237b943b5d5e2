import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { ContentService as Content } from '../../../src/api/gen/containerd/services/content/v1/content';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { SnapshotsService as Snapshots } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { ImagesService } from '../../../src/api/gen/holdfast/v1/images';
import { schemas } from '../../../src/ctl/commands/schema';
import { until } from '../../support/until';
import { makeCertificate } from '../../support/certificate';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl } from '../../support/ctl';
import { type MadeImage, busyboxImage, digestOf, imageOf } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';
import { TestProxy } from '../../support/test-proxy';
import { type Instead, TestRegistry } from '../../support/test-registry';

const namespace = 'programs';
const image = busyboxImage('tools:1');
/** More than is written at once, and not to be packed. */
const large = imageOf('large:1', [[{ name: 'file', bytes: randomBytes(3 << 20) }]]);
const [largeLayer = Buffer.alloc(0)] = large.layers;
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Half of the layer, and then nothing, or the end of the connection. */
const half = (end: 'hang' | 'cut'): Instead => ({ response }) => {
  response.writeHead(200, { 'content-length': largeLayer.length });
  response.write(largeLayer.subarray(0, largeLayer.length / 2), () => { if (end === 'cut') response.destroy(); });
};

describeOnHost('holdfastctl pull', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let ctl: Ctl;
  let client: ContainerdClient;
  let registry: TestRegistry;
  const dockerConfig = process.env['DOCKER_CONFIG'];

  beforeEach(async () => {
    registry = await TestRegistry.start();
    host = await shared.take();
    ctl = new Ctl(host);
    client = new ContainerdClient(host.socketPath);
    host.closeAtEnd(() => { client.close(); });
    mkdirSync(host.own('docker'));
    process.env['DOCKER_CONFIG'] = host.own('docker');
  });
  afterEach(async () => {
    if (dockerConfig === undefined) delete process.env['DOCKER_CONFIG'];
    else process.env['DOCKER_CONFIG'] = dockerConfig;
    // What a test has left hanging ends with it.
    await registry.close();
    ctl.close();
    // A test may have killed the daemon that the other one was connected to.
    client.close();
    client = new ContainerdClient(host.socketPath);
    const { images } = await client.ask(ImagesService.list, { names: [] });
    if (images.length > 0) await client.ask(ImagesService.remove, { names: images.map(({ name }) => name) });
    // What is fetched again has to come from the registry.
    const isEmpty = (await left()).length === 0;
    client.close();
    await (isEmpty ? shared.giveBack() : shared.close());
  });
  afterAll(() => shared.close());

  const names = (place: string): string[] => (existsSync(join(host.directory, 'root/images', place)) ? readdirSync(join(host.directory, 'root/images', place)).map((name) => join(host.directory, 'root/images', place, name)) : []);
  const ingests = (): string[] => names('io.containerd.content.v1.content/ingest');
  const left = async (): Promise<string[]> => [
    ...(await client.all(Content.list, { filters: [] }, namespace)).flatMap(({ info }) => info.map(({ digest }) => digest)),
    ...(await client.all(Snapshots.list, { snapshotter: 'overlayfs', filters: [] }, namespace)).flatMap(({ info }) => info.map(({ name }) => name)),
    ...(await client.ask(Leases.list, { filters: [] }, namespace)).leases.map(({ id }) => id),
    ...ingests(),
    ...names('io.containerd.content.v1.content/blobs/sha256'),
  ];
  const untilHalf = () => until('half of a layer to be written', () => ingests().reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0), (bytes) => bytes >= 1 << 20);
  const rangesOf = (blob: Buffer): (string | undefined)[] => registry.seen.filter(({ path }) => path.endsWith(digestOf(blob))).map(({ headers }) => headers.range);
  const pushLarge = (): string => registry.push('big', '1', large);

  test('a layer is unpacked while the next is still to come', async () => {
    const name = registry.push('tools', '1', image);
    const [, upper = Buffer.alloc(0)] = image.layers;
    let come: () => void = () => undefined;
    registry.next(digestOf(upper), ({ serve }) => { come = serve; });
    const pulled = ctl.prints('pull', name);
    await until('the first layer to be unpacked', async () => (await left()).includes(image.diffIds[0] ?? ''), (isThere) => isThere);
    expect((await left()).includes(digestOf(upper))).toBe(false);
    come();
    expect(await pulled).toContain('pulled');
    expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
  });

  test('a layer that cannot be unpacked ends what is still to come, and leaves nothing', async () => {
    const wrong = { ...image, config: Buffer.from(image.config.toString().replace(image.diffIds[0] ?? '', digestOf(Buffer.from('another')))) };
    const manifest = JSON.parse(image.manifest.toString()) as { config: object };
    manifest.config = { ...manifest.config, digest: digestOf(wrong.config) };
    const bad = { ...wrong, manifest: Buffer.from(JSON.stringify(manifest)) };
    registry.next(digestOf(image.layers[1] ?? Buffer.alloc(0)), () => undefined);
    const { status, stderr } = await ctl.run('pull', registry.push('tools', 'bad', bad));
    expect([status, stderr]).toEqual([2, expect.stringContaining('layer 1: it unpacks to')]);
    await until('nothing to be left', left, (all) => all.length === 0);
  });

  test('all that was pulled says where it has come from, as after a pull of ctr, and where else it is', async () => {
    const digests = [image.manifest, image.config, ...image.layers].map(digestOf);
    const sources = async (): Promise<(string | undefined)[]> => {
      const infos = (await client.all(Content.list, { filters: [] }, namespace)).flatMap(({ info }) => info);
      expect(infos.map(({ digest }) => digest).sort()).toEqual([...digests].sort());
      return [...new Set(infos.map(({ labels }) => labels.get('containerd.io/distribution.source.localhost')))];
    };
    await ctl.prints('pull', registry.push('tools', '1', image));
    expect(await sources()).toEqual(['tools']);
    for (let twice = 0; twice < 2; twice += 1) await ctl.prints('pull', registry.push('some/tools', '1', image));
    expect(await sources()).toEqual(['some/tools,tools']);
  });

  test('what is for this machine is fetched, unpacked and named; again only what is new', async () => {
    registry.push('tools', 'plain', image);
    const other = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 7 };
    const own = { ...other, digest: digestOf(image.manifest), size: image.manifest.length };
    const index = registry.pushIndex('tools', '1', [
      { ...other, platform: { os: 'unknown', architecture: 'unknown' } },
      { ...other, platform: { os: 'linux', architecture: 's390x' } },
      { ...other, platform: { os: 'linux', architecture, variant: 'v99' } },
      { ...own, platform: { os: 'linux', architecture } },
    ]);
    const name = `${registry.host}/tools:1`;
    expect(await ctl.prints('pull', name)).toBe(`${name}: pulled, ${digestOf(index)}\n`);
    const [config = '', ...layers] = [image.config, ...image.layers].map((blob) => `blobs/${digestOf(blob)}`);
    expect([registry.asked.slice(0, 3), registry.asked.slice(3).sort()]).toEqual([['manifests/1', `manifests/${digestOf(image.manifest)}`, config], layers.sort()]);
    const before = registry.seen.length;
    const again = JSON.parse(await ctl.prints('pull', '--json', name)) as object;
    expect(again).toMatchObject({ name, digest: digestOf(index), changed: false });
    expect(new Ajv2020().compile(schemas['pull'] ?? {})(again)).toBe(true);
    expect(registry.asked.slice(before)).toEqual(['manifests/1']);
    expect(await ctl.prints('pull', `${registry.host}/tools@${digestOf(image.manifest)}`)).toMatch(/: pulled, sha256:/);
    // Two names of the same: what is here need not be asked for.
    expect(registry.seen.length).toBe(before + 1);
    expect(await ctl.says('images', '-q')).toBe(`${name}\n${registry.host}/tools@${digestOf(image.manifest)}\n`);
    await ctl.says('rmi', name, `${registry.host}/tools@${digestOf(image.manifest)}`);
    await until('nothing to be left', left, (found) => found.length === 0);
  });

  test("docker's login is shown to the registry that it is for, and is in no log", async () => {
    registry.lock = { by: 'token', username: 'ann', password: 'a:secret:word' };
    const name = registry.push('tools', '1', image);
    const write = (config: object): void => { writeFileSync(host.own('docker/config.json'), JSON.stringify(config)); };
    expect(await ctl.run('pull', name)).toEqual({ status: 1, stdout: '', stderr: `holdfastctl: ${registry.host} does not let anybody read tools without a login\n  docker login ${registry.host}  keeps one that is taken from there.\n` });
    write({ auths: { 'https://elsewhere.example/v2/': { auth: Buffer.from('ann:a:secret:word').toString('base64') } } });
    expect(await ctl.run('pull', name)).toMatchObject({ status: 1, stderr: expect.stringContaining('without a login') as string });
    write({ auths: { [`http://${registry.host}/v1/`]: { auth: Buffer.from('ann:wrong').toString('base64') } } });
    expect(await ctl.run('pull', name)).toMatchObject({ status: 1, stderr: `holdfastctl: ${registry.host} does not let this login read tools\n` });
    write({ auths: { [registry.host]: { auth: Buffer.from('ann:a:secret:word').toString('base64') } } });
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
    // Docker's credential helpers are run as docker runs them.
    const helper = host.own('docker/docker-credential-test');
    writeFileSync(helper, `#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = "${registry.host}" ] && echo '{"ServerURL":"x","Username":"ann","Secret":"a:secret:word"}'\n`);
    chmodSync(helper, 0o755);
    write({ credHelpers: { [registry.host]: 'test' } });
    expect(await ctl.run('pull', name)).toMatchObject({ status: 1, stderr: expect.stringContaining('docker-credential-test, which ') as string });
    const path = process.env['PATH'];
    process.env['PATH'] = `${host.own('docker')}:${path ?? ''}`;
    try {
      expect(await ctl.prints('pull', name)).toContain(': up to date, ');
    } finally {
      process.env['PATH'] = path;
    }
    writeFileSync(host.own('docker/config.json'), '{"auths": a:secret:word');
    expect(await ctl.run('pull', name)).toMatchObject({ status: 1, stderr: `holdfastctl: ${host.own('docker/config.json')}: it is no JSON\n  docker login writes it anew.\n` });
    const log = host.daemon.log();
    expect(log).toContain('holdfast/images/Pull');
    for (const secret of ['secret', Buffer.from('ann:a:secret:word').toString('base64')]) expect(log).not.toContain(secret);
  });

  test('a registry by HTTPS is asked by way of the proxy that the daemon is told of, whose password is nobody else\'s', async () => {
    const certificate = makeCertificate(host.own('docker'), 'DNS:registry.test');
    const secure = await TestRegistry.start({ name: 'registry.test', certificate });
    const proxy = await TestProxy.start(new Map([['registry.test:443', secure.port]]));
    proxy.login = 'ann:a secret word';
    try {
      const name = secure.push('tools', '1', image);
      await host.stopDaemon();
      const daemon = await host.startDaemon({ env: { HTTPS_PROXY: `http://ann:a%20secret%20word@${proxy.host}`, NO_PROXY: 'example.org', SSL_CERT_FILE: certificate.path } });
      expect(await ctl.prints('pull', name)).toContain(': pulled, ');
      expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
      // This machine is asked itself.
      expect(await ctl.prints('pull', registry.push('tools', '1', image))).toContain(': pulled, ');
      expect([...new Set(proxy.seen.map(({ target }) => target))]).toEqual(['registry.test:443']);
      proxy.login = 'ann:another word';
      const { status, stderr } = await ctl.run('pull', name);
      expect([status, stderr]).toEqual([1, `holdfastctl: the proxy ${proxy.origin} does not lead to registry.test:443: status 407 (it does not take the login of the daemon's HTTPS_PROXY)\n`]);
      expect(daemon.log()).toContain('holdfast/images/Pull');
      for (const secret of ['secret', Buffer.from('ann:a secret word').toString('base64')]) expect(daemon.log()).not.toContain(secret);
    } finally {
      await proxy.close();
      await secure.close();
    }
  });

  test('a layer that is cut off is gone on with', async () => {
    const name = pushLarge();
    registry.next(digestOf(largeLayer), half('cut'));
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
    const [first, second] = rangesOf(largeLayer);
    expect([first, Number(/^bytes=(\d+)-$/.exec(second ?? '')?.[1])]).toEqual([undefined, Math.floor(largeLayer.length / 2)]);
  });

  test('a pull that a kill of the daemon has ended is gone on with', async () => {
    const name = pushLarge();
    registry.next(digestOf(largeLayer), half('hang'));
    const pulling = ctl.start('pull', name);
    await untilHalf();
    await host.stopDaemon('SIGKILL');
    expect(await pulling.ended).toMatchObject({ status: 7, stdout: '' });
    await host.startDaemon();
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
    expect(rangesOf(largeLayer)).toEqual([undefined, expect.stringMatching(/^bytes=\d{7}-$/)]);
  });

  test('what a power cut has left of a layer is not trusted', async () => {
    const name = pushLarge();
    registry.next(digestOf(largeLayer), half('hang'));
    const pulling = ctl.start('pull', name);
    await untilHalf();
    await host.stopDaemon('SIGKILL');
    await pulling.ended;
    const [ingest = ''] = ingests();
    writeFileSync(ingest, Buffer.alloc(statSync(ingest).size));
    await host.startDaemon();
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
    expect(rangesOf(largeLayer).map((range) => range !== undefined)).toEqual([false, true, false]);
  });

  test('Ctrl-C ends it and says so; a registry that hangs holds up nobody else', async () => {
    const name = pushLarge();
    registry.next(digestOf(largeLayer), half('hang'));
    const pulling = ctl.startOnTerminal('pull', name);
    // Of a half two thirds are written, and the rest waits for more.
    await pulling.printed(`  ${digestOf(largeLayer).slice('sha256:'.length, 'sha256:'.length + 12)}  ######`);
    expect(await ctl.prints('pull', registry.push('tools', '1', image))).toContain(': pulled, ');
    pulling.send('\u0003');
    const { status, stdout } = await pulling.ended;
    expect([status, stdout]).toEqual([130, expect.stringContaining(`holdfastctl: interrupted; ${name} is not pulled any further`)]);
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
    expect(rangesOf(largeLayer)).toEqual([undefined, expect.stringMatching(/^bytes=\d{7}-$/)]);
    // The lease of what was cut off went with it.
    expect((await client.ask(Leases.list, { filters: [] }, namespace)).leases).toEqual([]);
  });

  describe('what is wrong is refused with one clear error, and leaves nothing', () => {
    const layer = digestOf(largeLayer);
    const manifestOf = (change: (manifest: { layers: Record<string, unknown>[]; config: Record<string, unknown> }) => void): Buffer => {
      const manifest = JSON.parse(large.manifest.toString()) as { layers: Record<string, unknown>[]; config: Record<string, unknown> };
      change(manifest);
      return Buffer.from(JSON.stringify(manifest));
    };
    const put = (bytes: Buffer): void => { registry.putManifest('big', '1', bytes, 'application/vnd.oci.image.manifest.v1+json'); };
    const claimed = `sha256:${'1'.repeat(64)}`;
    const cases: readonly (readonly [string, () => void, string])[] = [
      ['another digest', () => { registry.putBlob('big', Buffer.alloc(largeLayer.length), layer); }, `what has come has the digest ${digestOf(Buffer.alloc(largeLayer.length))}, and not ${layer}`],
      ['another size', () => { registry.putBlob('big', largeLayer.subarray(1), layer); }, `${String(largeLayer.length - 1)} bytes, and ${String(largeLayer.length)} are said to be there`],
      ['too much', () => { registry.next(layer, ({ response }) => { response.writeHead(200).end(Buffer.concat([largeLayer, Buffer.alloc(1)])); }); }, `more than the ${String(largeLayer.length)} bytes that are said to be there`],
      ['no such layer', () => { put(manifestOf(({ layers: [first] }) => { if (first !== undefined) first['digest'] = claimed; })); }, `blobs/${claimed}: status 404 (BLOB_UNKNOWN)`],
      ['a layer of an unknown kind', () => { put(manifestOf(({ layers: [first] }) => { if (first !== undefined) first['mediaType'] = 'text/html'; })); }, `the layer ${layer} is "text/html", which is none that can be unpacked`],
      ['an artifact', () => { put(manifestOf(({ config }) => { config['mediaType'] = 'application/vnd.cncf.helm.config.v1+json'; })); }, `${digestOf(large.config)} is no image's configuration, but "application/vnd.cncf.helm.config.v1+json"`],
      ['a digest that leads elsewhere', () => { put(manifestOf(({ layers: [first] }) => { if (first !== undefined) first['digest'] = 'sha256:../../etc/passwd'; })); }, 'layers[0]: digest: not what it should be'],
      ['a manifest that is none', () => { put(Buffer.from('<html>')); }, 'manifests/1: '],
      ['a manifest of schema 1', () => { put(Buffer.from('{"schemaVersion":1}')); }, 'manifests/1: a manifest of schema 1'],
      ['two kinds at once', () => { registry.putManifest('big', '1', large.manifest, 'application/vnd.oci.image.index.v1+json'); }, 'sent as application/vnd.oci.image.index.v1+json, and says of itself that it is application/vnd.oci.image.manifest.v1+json'],
      ['an index that names itself', () => {
        const index = registry.pushIndex('big', '1', [{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: claimed, size: 300 }]);
        registry.next(`manifests/${claimed}`, ({ response }) => { response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }).end(index); });
      }, `and not ${claimed}`],
      ['an index of other machines', () => { registry.pushIndex('big', '1', [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: claimed, size: 3, platform: { os: 'linux', architecture: 'other' } }]); }, `has no image for linux on ${architecture}`],
      ['redirections to what is not encrypted', () => { registry.next(layer, ({ response }) => { response.writeHead(307, { location: 'http://192.0.2.1/?signature=secret' }).end(); }); }, 'a redirection leads to http://192.0.2.1, which is not encrypted'],
    ];
    test.each(cases)('%s', async (_, spoil, words) => {
      const name = pushLarge();
      spoil();
      const { status, stdout, stderr } = await ctl.run('pull', name);
      expect({ stdout, stderr: stderr.includes(words) ? words : stderr, isOneLine: stderr.trim().split('\n').length === 1, isRefused: status === 1 || status === 2 }).toEqual({ stdout: '', stderr: words, isOneLine: true, isRefused: true });
      await until('nothing to be left', left, (found) => found.length === 0);
    });
  });

  describe('run IMAGE', () => {
    afterEach(() => ctl.run('rm', '--force', 'all'));

    test('pulls what is missing, always or never', async () => {
      const name = registry.push('tools', '1', image);
      const run = (...options: readonly string[]) => ctl.run('run', '--rm', ...options, name, '--', 'cat', '/etc/second');
      expect(await run('--pull', 'never')).toEqual({ status: 125, stdout: '', stderr: expect.stringContaining(`there is no image ${name}`) as string });
      expect(registry.seen).toEqual([]);
      expect(await run()).toEqual({ status: 0, stdout: 'of the second layer\n', stderr: '' });
      const before = registry.seen.length;
      expect(await run()).toMatchObject({ status: 0 });
      expect(registry.seen.length).toBe(before);
      const changed: MadeImage = imageOf('x', [[{ name: 'nothing', bytes: Buffer.from('here') }]]);
      registry.push('tools', '1', changed);
      expect(await run('--pull', 'always')).toMatchObject({ status: 127 });
      expect(await ctl.run('run', '--rm', `${registry.host}/nope`)).toEqual({ status: 125, stdout: '', stderr: `holdfastctl: ${registry.origin}/v2/nope/manifests/latest: status 404 (MANIFEST_UNKNOWN)\n` });
      expect(readFileSync('/etc/passwd', 'utf8')).toContain('root');
    });
  });
});
