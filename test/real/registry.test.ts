import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { Ctl } from '../support/ctl';
import { busyboxImage, digestOf, imageOf, indexOf, ownMachine } from '../support/image-archive';
import { TestHost } from '../support/test-host';
import { Program, mustRun } from './support/program';
import { describeReal } from './support/side-by-side';

const login = { username: 'ann', password: 'a:secret' };

/** Debian's docker-registry, which lets in who has that login, with a port of its own. */
async function startRegistry(host: TestHost): Promise<{ readonly program: Program; readonly at: string }> {
  // crypt(3) makes what htpasswd would.
  const hash = execFileSync('perl', ['-e', 'print crypt($ARGV[0], "\\$2b\\$05\\$abcdefghijklmnopqrstuu")', login.password], { encoding: 'utf8' });
  writeFileSync(host.own('htpasswd'), `${login.username}:${hash}\n`);
  writeFileSync(host.own('registry.yml'), JSON.stringify({
    version: 0.1,
    storage: { filesystem: { rootdirectory: host.own('registry') } },
    http: { addr: '127.0.0.1:0', secret: 'of this test' },
    auth: { htpasswd: { realm: 'test', path: host.own('htpasswd') } },
  }));
  const program = new Program('sh', ['-c', `exec docker-registry serve '${host.own('registry.yml')}' 2>&1`]);
  const listening = /listening on 127\.0\.0\.1:(\d+)/;
  await program.until((said) => listening.test(said), 'the registry to listen');
  return { program, at: `localhost:${listening.exec(program.stdout)?.[1] ?? ''}` };
}

/** Leads to a server, and cuts the first connection off that has brought so many bytes. */
async function startCutter(port: number, bytes: number): Promise<{ readonly port: number; readonly hasCut: () => boolean; close(): void }> {
  let hasCut = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const on = connect(port, '127.0.0.1');
    let come = 0;
    for (const one of [socket, on]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => { socket.destroy(); on.destroy(); });
    }
    socket.on('data', (piece: Buffer) => {
      come += piece.length;
      on.write(piece);
      if (hasCut || come < bytes) return;
      hasCut = true;
      socket.destroy();
    });
    on.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hasCut: () => hasCut,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describeReal("Debian's docker-registry", () => {
  let host: TestHost;
  let registry: Program | undefined;
  const dockerConfig = process.env['DOCKER_CONFIG'];
  afterEach(async () => {
    if (dockerConfig === undefined) delete process.env['DOCKER_CONFIG'];
    else process.env['DOCKER_CONFIG'] = dockerConfig;
    registry?.kill();
    await registry?.ended;
    await host.cleanUp();
  });

  test('what ctr has pushed there is pulled from there, with the login that docker keeps', async () => {
    host = await TestHost.withDaemon();
    const ctl = new Ctl(host);
    const started = await startRegistry(host);
    registry = started.program;
    const name = `${started.at}/some/tools:1`;
    const image = busyboxImage(name);
    writeFileSync(host.own('image.tar'), image.archive);
    const ctr = (...args: readonly string[]) => mustRun('/usr/bin/ctr', ['--address', host.socketPath, 'images', ...args]);
    await ctr('import', host.own('image.tar'));
    await ctr('push', '--plain-http', '--user', `${login.username}:${login.password}`, name);
    // Blobs that a namespace has need not be fetched for another.
    await ctr('rm', '--sync', name);

    mkdirSync(host.own('docker'));
    process.env['DOCKER_CONFIG'] = host.own('docker');
    expect(await ctl.run('pull', name)).toMatchObject({ status: 1, stderr: expect.stringContaining('without a login') as string });
    writeFileSync(host.own('docker/config.json'), JSON.stringify({ auths: { [started.at]: { auth: Buffer.from(`${login.username}:${login.password}`).toString('base64') } } }));
    expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
    expect(await ctl.prints('pull', name)).toBe(`${name}: up to date, ${digestOf(image.manifest)}\n`);
    // A configuration and two layers, unpacked: ctr goes by the names and labels that are there.
    expect(await mustRun('/usr/bin/ctr', ['--address', host.socketPath, '--namespace', 'programs', 'images', 'check'])).toMatch(/complete \(3\/3\) .* true\s/);
  });

  test('what is pushed there is taken by ctr and by our own pull, in other repositories without being sent again, and over a connection that was cut off', async () => {
    host = await TestHost.withDaemon();
    const ctl = new Ctl(host);
    const started = await startRegistry(host);
    registry = started.program;
    const image = busyboxImage('tools:1');
    const large = imageOf('large:1', [[{ name: 'file', bytes: randomBytes(16 << 20) }]]);
    for (const { archive } of [image, large]) {
      writeFileSync(host.own('image.tar'), archive);
      await ctl.prints('load', host.own('image.tar'));
    }
    const cutter = await startCutter(Number(started.at.split(':')[1]), 8 << 20);
    try {
      mkdirSync(host.own('docker'));
      process.env['DOCKER_CONFIG'] = host.own('docker');
      const [name, other, large1] = [`${started.at}/some/tools:1`, `${started.at}/other/tools:2`, `localhost:${String(cutter.port)}/large:1`];
      expect(await ctl.run('push', 'tools:1', name)).toMatchObject({ status: 1, stderr: expect.stringContaining('does not let anybody push to some/tools without a login') as string });
      const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
      writeFileSync(host.own('docker/config.json'), JSON.stringify({ auths: { [started.at]: { auth }, [`localhost:${String(cutter.port)}`]: { auth } } }));
      expect(await ctl.prints('push', 'tools:1', name)).toBe(`${name}: pushed, ${digestOf(image.manifest)}\n`);
      expect(await ctl.prints('push', 'tools:1', name)).toBe(`${name}: up to date, ${digestOf(image.manifest)}\n`);
      const uploads = (): number => [...registry?.stdout.matchAll(/"PATCH \/v2\//g) ?? []].length;
      const before = uploads();
      expect(await ctl.prints('push', 'tools:1', other)).toContain(': pushed, ');
      expect([before, uploads()]).toEqual([3, 3]);
      expect(await ctl.prints('push', 'large:1', large1)).toBe(`${large1}: pushed, ${digestOf(large.manifest)}\n`);
      expect(cutter.hasCut()).toBe(true);
      // Of an index that is all here, all.
      const { index, archive } = indexOf('example.org/many:1', [[image, ownMachine], [large, 's390x']], [image, large]);
      writeFileSync(host.own('image.tar'), archive);
      const ctr = (...args: readonly string[]) => mustRun('/usr/bin/ctr', ['--address', host.socketPath, ...args]);
      await ctr('--namespace', 'programs', 'images', 'import', '--no-unpack', '--all-platforms', host.own('image.tar'));
      expect(await ctl.prints('push', 'example.org/many:1', `${started.at}/many:1`)).toBe(`${started.at}/many:1: pushed, ${digestOf(index)}\n`);
      await ctl.prints('rmi', 'tools:1', 'large:1', 'example.org/many:1');
      await ctr('images', 'pull', '--plain-http', '--user', `${login.username}:${login.password}`, other);
      expect(await ctr('run', '--rm', other, 'pushed', 'cat', '/etc/second')).toBe('of the second layer\n');
      await ctr('images', 'rm', '--sync', other);
      expect(await ctl.prints('run', '--rm', name, '--', 'cat', '/etc/second')).toBe('of the second layer\n');
      expect(await ctl.prints('pull', large1)).toBe(`${large1}: pulled, ${digestOf(large.manifest)}\n`);
    } finally {
      cutter.close();
    }
  });
});
