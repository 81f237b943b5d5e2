import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { schemas } from '../../../src/ctl/commands/schema';
import { makeCertificate } from '../../support/certificate';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl } from '../../support/ctl';
import { type MadeImage, busyboxImage, digestOf, imageOf, indexOf, ownMachine } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { TestProxy } from '../../support/test-proxy';
import { TestRegistry } from '../../support/test-registry';
import { until } from '../../support/until';

const namespace = 'programs';
const image = busyboxImage('tools:1');
/** More than is taken at once, and not to be packed. */
const large = imageOf('large:1', [[{ name: 'file', bytes: randomBytes(8 << 20) }]]);
const [largeLayer = Buffer.alloc(0)] = large.layers;

describeOnHost('holdfastctl push and tag', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  let registry: TestRegistry;
  const dockerConfig = process.env['DOCKER_CONFIG'];

  beforeEach(async () => {
    registry = await TestRegistry.start();
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    mkdirSync(host.own('docker'));
    process.env['DOCKER_CONFIG'] = host.own('docker');
  });
  afterEach(async () => {
    if (dockerConfig === undefined) delete process.env['DOCKER_CONFIG'];
    else process.env['DOCKER_CONFIG'] = dockerConfig;
    // What a test has left hanging ends with it.
    await registry.close();
    await host.cleanUp();
  });

  const load = async ({ archive }: Pick<MadeImage, 'archive'>): Promise<void> => {
    writeFileSync(host.own('image.tar'), archive);
    await ctl.says('load', host.own('image.tar'));
  };
  const sent = (): string[] => registry.seen.filter(({ method }) => method === 'PATCH' || method === 'PUT').map(({ method, path }) => `${method} ${path.split('/').at(-2) ?? ''}`);
  const leases = async (): Promise<string[]> => {
    const client = new ContainerdClient(host.socketPath);
    try {
      return (await client.ask(Leases.list, { filters: [] }, namespace)).leases.map(({ id }) => id);
    } finally {
      client.close();
    }
  };

  test('an image is sent under another name, is there for whoever pulls it, and is not sent twice', async () => {
    await load(image);
    const name = `${registry.host}/some/tools:2`;
    const digest = digestOf(image.manifest);
    expect(await ctl.run('push', 'tools:1', name)).toEqual({ status: 0, stdout: `${name}: pushed, ${digest}\n`, stderr: '' });
    const before = registry.seen.length;
    const again = JSON.parse(await ctl.prints('push', '--json', 'tools:1', name)) as object;
    expect(again).toEqual({ name, short_name: name, digest, changed: false, only_this_machine: false });
    expect(new Ajv2020().compile(schemas['push'] ?? {})(again)).toBe(true);
    expect(registry.seen.slice(before).filter(({ method }) => method === 'PATCH' || method === 'POST')).toEqual([]);
    // Elsewhere in the same registry it need only be named.
    const patches = sent().length;
    await ctl.says('tag', 'tools:1', `${registry.host}/tools:1`);
    expect(await ctl.prints('push', `${registry.host}/tools:1`)).toBe(`${registry.host}/tools:1: pushed, ${digest}\n`);
    expect(sent().slice(patches)).toEqual(['PUT manifests']);
    await ctl.says('rmi', 'tools:1', `${registry.host}/tools:1`);
    expect(await ctl.says('images', '-q')).toBe('');
    expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    expect(await leases()).toEqual([]);
  });

  test('another name stands for the same, and may have stood for something else', async () => {
    await load(image);
    await load(imageOf('other:1', [[{ name: 'file', bytes: Buffer.from('x') }]]));
    expect(await ctl.says('tag', 'tools:1', 'other:1')).toBe('other:1: tagged\n');
    expect((JSON.parse(await ctl.says('images', '--json')) as { digest: string }[]).map(({ digest }) => digest)).toEqual([digestOf(image.manifest), digestOf(image.manifest)]);
    await ctl.says('rmi', 'tools:1');
    expect(await ctl.prints('run', '--rm', 'other:1', '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    expect(await ctl.run('tag', 'nope', 'new')).toMatchObject({ status: 1, stderr: 'holdfastctl: there is no image nope\n' });
    expect(await ctl.run('tag', 'other:1', 'UPPER')).toMatchObject({ status: 2, stderr: 'holdfastctl: "UPPER" is not a name of an image\n' });
    expect(await ctl.run('tag', 'other:1', `other@${digestOf(image.manifest)}`)).toMatchObject({ status: 2, stderr: expect.stringContaining('an image has its digest, and is not given one') as string });
  });

  test("docker's login is shown to the registry that it is for, and is in no log", async () => {
    await load(image);
    registry.lock = { by: 'token', username: 'ann', password: 'a:secret:word' };
    const name = `${registry.host}/tools:1`;
    const write = (password: string): void => { writeFileSync(host.own('docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from(`ann:${password}`).toString('base64') } } })); };
    expect(await ctl.run('push', 'tools:1', name)).toEqual({ status: 1, stdout: '', stderr: `holdfastctl: ${registry.host} does not let anybody push to tools without a login\n  docker login ${registry.host}  keeps one that is taken from there.\n` });
    write('wrong');
    expect(await ctl.run('push', 'tools:1', name)).toEqual({ status: 1, stdout: '', stderr: `holdfastctl: ${registry.host} does not let this login push to tools\n` });
    write('a:secret:word');
    registry.next('uploads/', ({ response }) => { response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"secret"}]}'); }, 3);
    expect(await ctl.run('push', 'tools:1', name)).toEqual({ status: 1, stdout: '', stderr: `holdfastctl: ${registry.origin}/v2/tools/blobs/uploads/: status 403 (DENIED)\n` });
  });

  test('a login that is let in is in no log either', async () => {
    await load(image);
    registry.lock = { by: 'basic', username: 'ann', password: 'a:secret:word' };
    writeFileSync(host.own('docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from('ann:a:secret:word').toString('base64') } } }));
    expect(await ctl.prints('push', 'tools:1', `${registry.host}/tools:1`)).toContain(': pushed, ');
    expect(host.daemon.log()).toContain('holdfast/images/Push');
    for (const secret of ['secret', Buffer.from('ann:a:secret:word').toString('base64')]) expect(host.daemon.log()).not.toContain(secret);
  });

  test('a registry by HTTPS is sent to by way of the proxy that the daemon is told of', async () => {
    const certificate = makeCertificate(host.own('docker'), 'DNS:registry.test');
    const secure = await TestRegistry.start({ name: 'registry.test', certificate });
    const proxy = await TestProxy.start(new Map([['registry.test:443', secure.port]]));
    try {
      await load(large);
      await host.stopDaemon();
      await host.startDaemon({ env: { HTTPS_PROXY: `http://${proxy.host}`, SSL_CERT_FILE: certificate.path } });
      expect(await ctl.prints('push', 'large:1', 'registry.test/large:1')).toContain(': pushed, ');
      expect([...new Set(proxy.seen.map(({ target }) => target))]).toEqual(['registry.test:443']);
      await ctl.says('rmi', 'large:1');
      expect(await ctl.prints('pull', 'registry.test/large:1')).toContain(': pulled, ');
    } finally {
      await proxy.close();
      await secure.close();
    }
  });

  test('on a terminal each layer has a bar; Ctrl-C ends it and says so, and the next one goes on', async () => {
    await load(large);
    const name = `${registry.host}/large:1`;
    // It lets it come, and takes nothing.
    registry.next('uploads/1', ({ response }) => { response.writeContinue(); });
    registry.next('uploads/2', ({ response }) => { response.writeContinue(); });
    const pushing = ctl.startOnTerminal('push', 'large:1', name);
    await pushing.printed(`  ${digestOf(largeLayer).slice('sha256:'.length, 'sha256:'.length + 12)}  #`);
    pushing.send('\u0003');
    const { status, stdout } = await pushing.ended;
    expect([status, stdout]).toEqual([130, expect.stringContaining(`holdfastctl: interrupted; ${name} is not pushed any further (layers that are there are not sent again)`)]);
    await until('its lease to go', leases, (left) => left.length === 0);
    expect(await ctl.prints('push', 'large:1', name)).toContain(': pushed, ');
    expect(await ctl.prints('pull', name)).toContain(': pulled, ');
  });

  test('a daemon that is killed in the middle leaves nothing, and the next push is a whole one', async () => {
    await load(large);
    const name = `${registry.host}/large:1`;
    registry.next('uploads/1', ({ response }) => { response.writeContinue(); });
    registry.next('uploads/2', ({ response }) => { response.writeContinue(); });
    const pushing = ctl.start('push', 'large:1', name);
    await until('it to be under way', () => registry.seen.some(({ method }) => method === 'PATCH'), (isThere) => isThere);
    await host.stopDaemon('SIGKILL');
    expect(await pushing.ended).toMatchObject({ status: 7, stdout: '' });
    await host.startDaemon();
    expect(await ctl.prints('push', 'large:1', name)).toContain(': pushed, ');
  });

  test('of an index that names what is not here the image for this machine is sent alone, and that is said', async () => {
    const other = imageOf('other:1', [[{ name: 'file', bytes: Buffer.from('for another machine') }]]);
    const { archive } = indexOf('many:1', [[other, 's390x'], [image, ownMachine]], [image]);
    await load({ archive });
    expect(await ctl.prints('push', 'many:1', `${registry.host}/many:1`)).toBe(`${registry.host}/many:1: pushed, ${digestOf(image.manifest)} (for this machine alone: the others of its index are not here)\n`);
    await ctl.prints('pull', `${registry.host}/many:1`);
    const [pushed] = JSON.parse(await ctl.says('images', '--json', `${registry.host}/many:1`)) as { digest: string }[];
    expect(pushed?.digest).toBe(digestOf(image.manifest));
  });

  test('what is not whole here is not sent, and what is wrong there is one clear error', async () => {
    await load(large);
    const name = `${registry.host}/large:1`;
    const refused = async (words: string): Promise<void> => {
      const { status, stdout, stderr } = await ctl.run('push', 'large:1', name);
      expect({ stdout, stderr: stderr.includes(words) ? words : stderr, isOneLine: stderr.trim().split('\n').length === 1, isRefused: status === 1 || status === 2 }).toEqual({ stdout: '', stderr: words, isOneLine: true, isRefused: true });
    };
    registry.next('uploads/1', ({ response }) => { response.writeHead(413).end(); });
    registry.next('uploads/2', ({ response }) => { response.writeHead(413).end(); });
    await refused('status 413: ');
    registry.next('manifests/1', ({ request, response, serve }) => { if (request.method === 'PUT') response.writeHead(400).end('{"errors":[{"code":"MANIFEST_INVALID"}]}'); else serve(); }, 2);
    await refused(`${registry.origin}/v2/large/manifests/1: status 400 (MANIFEST_INVALID)`);
    // One that says that it has what it has not.
    registry.next(digestOf(largeLayer), ({ response }) => { response.writeHead(200).end(); }, 100);
    registry.next('manifests/1', ({ request, response, serve }) => { if (request.method === 'PUT') response.writeHead(404).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}'); else serve(); }, 2);
    await refused('status 404 (MANIFEST_BLOB_UNKNOWN)');
    expect(await ctl.run('push', 'nope', name)).toMatchObject({ status: 1, stderr: 'holdfastctl: there is no image nope\n' });
    expect(await ctl.run('push', 'large:1', `${registry.host}/large@sha256:${'0'.repeat(64)}`)).toMatchObject({ status: 2, stderr: expect.stringContaining(`the digest of what is to be sent is ${digestOf(large.manifest)}`) as string });
    expect(await ctl.run('push', 'large:1', 'localhost:1/large:1')).toMatchObject({ status: 1, stderr: expect.stringContaining('ECONNREFUSED') as string });
    rmSync(join(host.directory, 'root/images/io.containerd.content.v1.content/blobs/sha256', digestOf(largeLayer).slice('sha256:'.length)));
    await refused(`the blob ${digestOf(largeLayer)} is no longer whole on the disk`);
  });
});
