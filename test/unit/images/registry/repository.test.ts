import { queuedLookup, waitForFirstAddress } from '../../../../src/sys/sockets/queued-lookup';
import { again } from '../../../../src/images/registry/again';
import type { RegistryFailure } from '../../../../src/images/registry/failure';
import { type Credentials, NOBODY } from '../../../../src/images/registry/login';
import { Registries } from '../../../../src/images/registry/registries';
import type { Repository } from '../../../../src/images/registry/repository';
import { digestOf } from '../../../support/image-archive';
import { TestRegistry } from '../../../support/test-registry';

const ann: Credentials = { ...NOBODY, username: 'ann', password: 'pass:word' };
const blob = Buffer.from('some bytes of a blob');
const digest = digestOf(blob);

describe('a repository of a registry', () => {
  let registry: TestRegistry;
  let other: TestRegistry;
  const closes: (() => void)[] = [];
  const giveUp = new AbortController();

  // As the daemon does.
  beforeAll(waitForFirstAddress);
  beforeEach(async () => {
    registry = await TestRegistry.start();
    other = await TestRegistry.start();
    for (const each of [registry, other]) each.putBlob('a/b', blob);
    registry.putManifest('a/b', '1', Buffer.from('{}'), 'application/vnd.oci.image.manifest.v1+json; charset=utf-8');
  });
  afterEach(async () => {
    for (const close of closes.splice(0)) close();
    await registry.close();
    await other.close();
  });

  const opened = (credentials = NOBODY, { mirrors = new Map<string, string[]>(), answerMs = 60_000, idleMs = 60_000 } = {}): Repository => {
    const registries = new Registries({ lookup: queuedLookup(), mirrors, patience: { answerMs, idleMs }, firstPauseMs: 1 });
    const { repository, close } = registries.open({ host: registry.host, repository: 'a/b' }, credentials, giveUp.signal);
    closes.push(close);
    return repository;
  };
  const read = async (repository: Repository, offset = 0): Promise<string> => {
    const pieces: Buffer[] = [];
    const found = await repository.blob(digest, offset, blob.length);
    for await (const piece of found.pieces) pieces.push(piece);
    return `${String(found.offset)} ${Buffer.concat(pieces).toString()}`;
  };
  const failureOf = async (work: Promise<unknown>): Promise<RegistryFailure> => work.then(() => { throw new Error('it has gone well'); }, (error: unknown) => error as RegistryFailure);

  test('gives manifests, blobs, and parts of them', async () => {
    const repository = opened();
    expect(await repository.manifest('1')).toMatchObject({ bytes: Buffer.from('{}'), mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    expect(await read(repository)).toBe('0 some bytes of a blob');
    expect(await read(repository, 5)).toBe('5 bytes of a blob');
    registry.knowsRanges = false;
    expect(await read(repository, 5)).toBe('0 some bytes of a blob');
    registry.next(digest, ({ response }) => { response.writeHead(416).end(); });
    expect(await read(repository, 5)).toBe('0 some bytes of a blob');
    expect(await failureOf(repository.manifest('2'))).toMatchObject({ code: 'not-found', message: `${registry.origin}/v2/a/b/manifests/2: status 404 (MANIFEST_UNKNOWN)` });
  });

  test('shows a login to the token server, asks it once, for reading alone, and shows the token to the registry', async () => {
    registry.lock = { by: 'token', username: 'ann', password: 'pass:word' };
    const repository = opened(ann);
    expect(await Promise.all([read(repository), read(repository), read(repository)])).toEqual(Array.from({ length: 3 }, () => '0 some bytes of a blob'));
    const tokens = registry.seen.filter(({ path }) => path.startsWith('/token'));
    expect(tokens.map(({ path }) => path)).toEqual(['/token?service=test&scope=repository%3Aa%2Fb%3Apull']);
    const shown = registry.seen.filter(({ path }) => !path.startsWith('/token')).map(({ headers }) => headers.authorization);
    expect(new Set(shown)).toEqual(new Set([undefined, `Bearer ${registry.token}`]));
  });

  test('asks for a new token when the one that it has is no longer good', async () => {
    registry.lock = { by: 'token', username: 'ann', password: 'pass:word' };
    const repository = opened(ann);
    await read(repository);
    registry.token = 'another';
    expect(await read(repository)).toBe('0 some bytes of a blob');
    expect(registry.seen.filter(({ path }) => path.startsWith('/token'))).toHaveLength(2);
    registry.next(digest, ({ response }) => { response.writeHead(401, { 'www-authenticate': `Bearer realm="${registry.origin}/token"` }).end(); });
    // The same again is no better: nobody asks for ever.
    expect(await failureOf(read(repository))).toMatchObject({ code: 'denied' });
  });

  test('shows an identity token to the token server, and a registry token to the registry', async () => {
    registry.lock = { by: 'token', username: '', password: 'refresh' };
    expect(await read(opened({ ...NOBODY, identityToken: 'refresh' }))).toBe('0 some bytes of a blob');
    expect(registry.seen.find(({ method }) => method === 'POST')?.body).toContain('grant_type=refresh_token');
    const before = registry.seen.length;
    expect(await read(opened({ ...NOBODY, registryToken: registry.token }))).toBe('0 some bytes of a blob');
    expect(registry.seen.length - before).toBe(1);
  });

  test('shows a login to the registry itself only where that asks for it', async () => {
    await read(opened(ann));
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    registry.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    expect(await read(opened(ann))).toBe('0 some bytes of a blob');
  });

  test.each(['basic', 'token'] as const)('says that there is no login, or a wrong one, and not which (%s)', async (by) => {
    registry.lock = { by, username: 'ann', password: 'another' };
    expect(await failureOf(read(opened()))).toMatchObject({ code: 'denied', message: `${registry.host} does not let anybody read a/b without a login` });
    const { code, message } = await failureOf(read(opened(ann)));
    expect({ code, message }).toEqual({ code: 'denied', message: `${registry.host} does not let this login read a/b` });
  });

  test('repeats nothing that a registry says, which may be what it was shown', async () => {
    registry.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    registry.next('manifests/1', ({ response, request, serve }) => {
      if (request.headers.authorization === undefined) serve();
      else response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message: request.headers.authorization }] }));
    }, 2);
    const { message } = await failureOf(opened(ann).manifest('1'));
    expect(message).toBe(`${registry.origin}/v2/a/b/manifests/1: status 403 (DENIED)`);
    registry.lock = { by: 'token', username: 'ann', password: 'pass:word' };
    registry.next('/token', ({ response }) => { response.end(`"${registry.token}`); });
    expect((await failureOf(opened(ann).manifest('1'))).message).toBe(`${registry.origin}/token: the answer has no token`);
  });

  test('goes where it is sent, and shows nobody else what it shows the registry', async () => {
    registry.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    registry.next(digest, ({ serve, response, request }) => {
      if (request.headers.authorization === undefined) serve();
      else response.writeHead(307, { location: `${other.origin}/v2/a/b/blobs/${digest}?signature=secret` }).end();
    }, 2);
    expect(await read(opened(ann))).toBe('0 some bytes of a blob');
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    // One that is let in nowhere by what another host wants to see.
    registry.next(digest, ({ response }) => { response.writeHead(302, { location: `${other.origin}/v2/a/b/blobs/${digest}?signature=secret` }).end(); });
    other.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    const { message, code } = await failureOf(read(opened(ann)));
    expect({ code, message }).toEqual({ code: 'denied', message: `${other.origin}/v2/a/b/blobs/${digest}: status 401 (UNAUTHORIZED)` });
  });

  test('is sent on five times at most', async () => {
    registry.next(digest, ({ response, request }) => { response.writeHead(302, { location: request.path }).end(); }, 100);
    expect((await failureOf(read(opened()))).message).toBe(`${registry.origin}/v2/a/b/blobs/${digest}: more than 5 redirections`);
    expect(registry.seen).toHaveLength(6);
  });

  test('does not wait for a registry that says nothing, or no more', async () => {
    registry.next(digest, () => undefined);
    expect((await failureOf(read(opened(NOBODY, { answerMs: 50 })))).message).toContain('no answer for 0.05 s');
    registry.next(digest, ({ response }) => { response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 3)); });
    expect((await failureOf(read(opened(NOBODY, { idleMs: 50 })))).message).toContain('nothing has come for 0.05 s');
  });

  test('refuses what is too long, and what is not as long as it is said to be', async () => {
    registry.next('manifests/1', ({ response }) => { response.writeHead(200).end(Buffer.alloc((4 << 20) + 1)); });
    expect(await failureOf(opened().manifest('1'))).toMatchObject({ code: 'invalid', message: expect.stringContaining('the answer has more than 4194304 bytes') as string });
    expect(await failureOf(opened().blob(digest, 0, 5))).toMatchObject({ code: 'invalid', message: expect.stringContaining(`${String(blob.length)} bytes, and 5 are said to be there`) as string });
  });

  test('says of a server that is not there what was tried', async () => {
    const registries = new Registries({ lookup: queuedLookup(), mirrors: new Map() });
    const { repository, close } = registries.open({ host: 'localhost:1', repository: 'a/b' }, NOBODY, giveUp.signal);
    closes.push(close);
    // By both of its addresses, where it has two.
    expect((await failureOf(repository.manifest('1'))).message).toMatch(/^http:\/\/localhost:1\/v2\/a\/b\/manifests\/1: connect ECONNREFUSED \S+:1(?:, connect ECONNREFUSED \S+:1)?$/);
  });

  test('asks mirrors first, without the login, and then no more those that have failed', async () => {
    registry.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    const mirrors = new Map([[registry.host, ['http://localhost:1', other.origin]]]);
    const repository = opened(ann, { mirrors });
    expect(await read(repository)).toBe('0 some bytes of a blob');
    expect([registry.seen.length, other.seen.map(({ headers }) => headers.authorization)]).toEqual([0, [undefined]]);
    expect((await repository.manifest('1')).bytes.toString()).toBe('{}');
    expect(await read(repository)).toBe('0 some bytes of a blob');
    expect(other.asked).toEqual([`blobs/${digest}`, 'manifests/1']);
  });

  test('shows the login to no mirror, also where that asks for one', async () => {
    for (const each of [registry, other]) each.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    expect(await read(opened(ann, { mirrors: new Map([[registry.host, [other.origin]]]) }))).toBe('0 some bytes of a blob');
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('asks again who wants to be asked later, and not for ever', async () => {
    registry.next('manifests/1', ({ response }) => { response.writeHead(429, { 'retry-after': '0' }).end(); });
    registry.next('manifests/1', ({ response }) => { response.writeHead(503).end(); });
    registry.next('manifests/1', ({ response }) => { response.destroy(); });
    const ask = () => again(() => opened().manifest('1'), { signal: giveUp.signal, firstPauseMs: 1 });
    expect((await ask()).bytes.toString()).toBe('{}');
    expect(registry.seen).toHaveLength(4);
    registry.next('manifests/1', ({ response }) => { response.writeHead(500).end(); }, 100);
    expect(await failureOf(ask())).toMatchObject({ code: 'registry', message: `${registry.origin}/v2/a/b/manifests/1: status 500` });
    expect(registry.seen).toHaveLength(9);
    // One that refuses is believed.
    registry.next('manifests/2', ({ response }) => { response.writeHead(403).end(); });
    expect(await failureOf(again(() => opened().manifest('2'), { signal: giveUp.signal, firstPauseMs: 1 }))).toMatchObject({ code: 'denied' });
    expect(registry.seen).toHaveLength(10);
  });
});
