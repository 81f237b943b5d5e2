import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Ctl } from '../support/ctl';
import { busyboxImage, digestOf } from '../support/image-archive';
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
});
