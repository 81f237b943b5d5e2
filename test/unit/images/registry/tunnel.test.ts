import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistryFailure } from '../../../../src/images/registry/failure';
import { type Credentials, NOBODY } from '../../../../src/images/registry/login';
import { Proxies } from '../../../../src/images/registry/proxies';
import { Registries } from '../../../../src/images/registry/registries';
import { queuedLookup } from '../../../../src/sys/sockets/queued-lookup';
import { makeCertificate } from '../../../support/certificate';
import { digestOf } from '../../../support/image-archive';
import { TestProxy } from '../../../support/test-proxy';
import { TestRegistry } from '../../../support/test-registry';
import { until } from '../../../support/until';

const name = 'registry.test';
const blob = Buffer.from('some bytes of a blob');
const digest = digestOf(blob);
const ann: Credentials = { ...NOBODY, username: 'ann', password: 'of the registry' };

describe('a registry by way of a proxy', () => {
  const before = process.env['SSL_CERT_FILE'];
  let directory: string;
  let registry: TestRegistry;
  let proxy: TestProxy;
  const ends: (() => void)[] = [];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-proxy-'));
    for (const each of ['registry', 'proxy']) mkdirSync(join(directory, each));
  });
  beforeEach(async () => {
    const certificate = makeCertificate(join(directory, 'registry'), `DNS:${name}`);
    registry = await TestRegistry.start({ name, certificate });
    process.env['SSL_CERT_FILE'] = certificate.path;
    registry.putBlob('a/b', blob);
    proxy = await TestProxy.start(new Map([[`${name}:443`, registry.port]]));
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    if (before === undefined) delete process.env['SSL_CERT_FILE'];
    else process.env['SSL_CERT_FILE'] = before;
    await proxy.close();
    await registry.close();
  });
  afterAll(() => { rmSync(directory, { recursive: true }); });

  const read = async (environment: Readonly<Record<string, string>>, credentials = NOBODY, answerMs = 60_000): Promise<string> => {
    const registries = new Registries({ lookup: queuedLookup(), mirrors: new Map(), proxies: new Proxies(environment), patience: { answerMs, idleMs: 60_000 } });
    const { repository, close } = registries.open({ host: name, repository: 'a/b' }, credentials, new AbortController().signal);
    ends.push(close);
    const pieces: Buffer[] = [];
    for await (const piece of (await repository.blob(digest, 0, blob.length)).pieces) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };
  const failureOf = async (environment: Readonly<Record<string, string>>, answerMs?: number): Promise<RegistryFailure> =>
    read(environment, ann, answerMs).then(() => { throw new Error('it has gone well'); }, (error: unknown) => error as RegistryFailure);

  test('is found by the proxy, which sees its name alone, and is itself shown no login of the registry', async () => {
    registry.lock = { by: 'basic', username: ann.username, password: ann.password };
    expect(await read({ HTTPS_PROXY: proxy.host }, ann)).toBe(blob.toString());
    for (const seen of proxy.seen) expect(seen).toEqual({ target: `${name}:443`, login: undefined });
    expect(registry.seen.map(({ headers }) => [headers.authorization !== undefined, headers.host, headers['proxy-authorization']])).toEqual([[false, name, undefined], [true, name, undefined]]);
  });

  test('is found by a proxy that wants a login, and that is told apart from a wrong one', async () => {
    proxy.login = 'ann:pass:w%rd';
    expect(await read({ HTTPS_PROXY: `http://ann:pass%3Aw%25rd@${proxy.host}` })).toBe(blob.toString());
    expect(await failureOf({ HTTPS_PROXY: `http://ann:another@${proxy.host}` })).toMatchObject({
      code: 'denied', message: `the proxy ${proxy.origin} does not lead to ${name}:443: status 407 (it does not take the login of the daemon's HTTPS_PROXY)`,
    });
    expect(await failureOf({ HTTPS_PROXY: proxy.host })).toMatchObject({
      code: 'denied', message: `the proxy ${proxy.origin} does not lead to ${name}:443: status 407 (it wants a login of the daemon's HTTPS_PROXY)`,
    });
    expect(proxy.seen.map(({ login }) => login)).toEqual(['ann:pass:w%rd', 'ann:another', undefined]);
  });

  test('is found by a proxy that is asked by HTTPS, where this machine trusts it', async () => {
    const certificate = makeCertificate(join(directory, 'proxy'), 'IP:127.0.0.1');
    const secure = await TestProxy.start(new Map([[`${name}:443`, registry.port]]), certificate);
    try {
      expect((await failureOf({ HTTPS_PROXY: secure.origin })).message).toBe(`the proxy ${secure.origin}: self-signed certificate`);
      process.env['NODE_EXTRA_CA_CERTS'] = certificate.path;
      expect(await read({ HTTPS_PROXY: secure.origin })).toBe(blob.toString());
    } finally {
      delete process.env['NODE_EXTRA_CA_CERTS'];
      await secure.close();
    }
  });

  test('is not taken for another: what a proxy answers with is no answer of the registry', async () => {
    for (const [refusal, words, isTransient] of [
      ['403 Forbidden', 'status 403', false],
      ['302 Found\r\nLocation: https://elsewhere.test/', 'status 302', false],
      ['401 Unauthorized\r\nWWW-Authenticate: Basic realm="registry"', 'status 401', false],
      ['503 Service Unavailable', 'status 503', true],
    ] as const) {
      proxy.refusal = refusal;
      expect(await failureOf({ HTTPS_PROXY: proxy.host })).toMatchObject({ message: `the proxy ${proxy.origin} does not lead to ${name}:443: ${words}`, isTransient });
    }
    proxy.refusal = '200 OK\r\n\r\nHTTP/1.1 200 OK';
    expect((await failureOf({ HTTPS_PROXY: proxy.host })).message).toBe(`the proxy ${proxy.origin}: it has said more than that ${name}:443 is reached`);
    proxy.refusal = 'nonsense'.repeat(10_000);
    expect((await failureOf({ HTTPS_PROXY: proxy.host })).message).toMatch(/^the proxy http:\/\/127\.0\.0\.1:\d+: Parse Error: /);
    expect(registry.seen).toEqual([]);
  });

  test('is trusted by its own certificate, wherever the proxy leads', async () => {
    const other = await TestRegistry.start({ name: 'other.test', certificate: makeCertificate(join(directory, 'proxy'), 'DNS:other.test') });
    const wrong = await TestProxy.start(new Map([[`${name}:443`, other.port]]));
    try {
      expect((await failureOf({ HTTPS_PROXY: wrong.host })).message).toContain('self-signed certificate');
      expect(other.seen).toEqual([]);
    } finally {
      await wrong.close();
      await other.close();
    }
  });

  test('is not waited for where the proxy says nothing, or is not there', async () => {
    proxy.isSilent = true;
    expect((await failureOf({ HTTPS_PROXY: proxy.host }, 50)).message).toMatch(new RegExp(`no answer for 0.05 s, by way of the proxy ${proxy.origin}$|^the proxy ${proxy.origin}: The operation was aborted$`));
    for (const end of ends.splice(0)) end();
    await until('no connection to be left', () => proxy.open, (open) => open === 0);
    const { host } = proxy;
    await proxy.close();
    expect((await failureOf({ HTTPS_PROXY: host })).message).toMatch(/^the proxy http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
    proxy = await TestProxy.start(new Map());
  });
});
