import { randomBytes } from 'node:crypto';
import { queuedLookup, waitForFirstAddress } from '../../../../src/sys/sockets/queued-lookup';
import type { Destination } from '../../../../src/images/registry/destination';
import type { RegistryFailure } from '../../../../src/images/registry/failure';
import { type Credentials, NOBODY } from '../../../../src/images/registry/login';
import { Registries } from '../../../../src/images/registry/registries';
import { type BlobToSend, upload } from '../../../../src/images/registry/upload';
import { digestOf } from '../../../support/image-archive';
import { TestRegistry } from '../../../support/test-registry';

const ann: Credentials = { ...NOBODY, username: 'ann', password: 'pass:word' };
const pieceBytes = 256 << 10;
/** More than is sent without asking first. */
const bytes = randomBytes(5 * pieceBytes);
const digest = digestOf(bytes);

describe('a blob that is sent to a registry', () => {
  let registry: TestRegistry;
  let other: TestRegistry;
  const closes: (() => void)[] = [];
  const giveUp = new AbortController();

  // As the daemon does.
  beforeAll(waitForFirstAddress);
  beforeEach(async () => {
    registry = await TestRegistry.start();
    other = await TestRegistry.start();
  });
  afterEach(async () => {
    for (const close of closes.splice(0)) close();
    await registry.close();
    await other.close();
  });

  const opened = (credentials = NOBODY, { others = [] as string[], answerMs = 60_000, idleMs = 60_000 } = {}): Destination => {
    const registries = new Registries({ lookup: queuedLookup(), mirrors: new Map([[registry.host, [other.origin]]]), patience: { answerMs, idleMs }, firstPauseMs: 1 });
    const { destination, close } = registries.openToPush({ host: registry.host, repository: 'a/b' }, credentials, others, giveUp.signal);
    closes.push(close);
    return destination;
  };
  const blobOf = (content: Buffer, others: readonly string[] = [], pieces?: BlobToSend['pieces']): BlobToSend => ({
    digest: digestOf(content), size: content.length, others,
    pieces: pieces ?? async function* (offset) {
      for (let at = offset; at < content.length; at += pieceBytes) yield await Promise.resolve(content.subarray(at, at + pieceBytes));
    },
  });
  const told: number[] = [];
  const send = (destination: Destination, blob = blobOf(bytes)): Promise<void> => {
    told.length = 0;
    return upload(destination, blob, { signal: giveUp.signal, firstPauseMs: 1, onBytes: (count) => { told.push(count); } });
  };
  const failureOf = async (work: Promise<unknown>): Promise<RegistryFailure> => work.then(() => { throw new Error('it has gone well'); }, (error: unknown) => error as RegistryFailure);
  const methods = (): string[] => registry.seen.map(({ method }) => method);
  const isThere = async (content = bytes): Promise<boolean> => Buffer.from(await (await fetch(`${registry.origin}/v2/a/b/blobs/${digestOf(content)}`)).arrayBuffer()).equals(content);

  test('is there then, and is not sent again; no mirror is told of it', async () => {
    await send(opened());
    expect(methods()).toEqual(['HEAD', 'POST', 'PATCH', 'PUT']);
    expect(told).toEqual([0, ...[1, 2, 3, 4, 5, 5].map((count) => count * pieceBytes)]);
    expect(await isThere()).toBe(true);
    const before = registry.seen.length;
    await send(opened());
    expect(methods().slice(before)).toEqual(['HEAD']);
    expect(told).toEqual([bytes.length]);
    expect(other.seen).toEqual([]);
  });

  test('may be empty', async () => {
    await send(opened(), blobOf(Buffer.alloc(0)));
    expect(methods()).toEqual(['HEAD', 'POST', 'PUT']);
    expect(await isThere(Buffer.alloc(0))).toBe(true);
  });

  test('is only named where another repository has it, and sent where that has it not, or is closed to us', async () => {
    registry.putBlob('its/origin', bytes);
    await send(opened(), blobOf(bytes, ['its/origin']));
    expect(registry.seen.map(({ method, path }) => `${method} ${decodeURIComponent(path)}`)).toEqual([`HEAD /v2/a/b/blobs/${digest}`, `POST /v2/a/b/blobs/uploads/?mount=${digest}&from=its/origin`]);
    expect(await isThere()).toBe(true);
    const small = Buffer.from('small');
    const before = registry.seen.length;
    await send(opened(), blobOf(small, ['nowhere']));
    expect(methods().slice(before)).toEqual(['HEAD', 'POST', 'PATCH', 'PUT']);
    const smaller = Buffer.from('er');
    registry.next('uploads/', ({ response }) => { response.writeHead(403).end(); });
    await send(opened(), blobOf(smaller, ['closed']));
    expect([await isThere(small), await isThere(smaller)]).toEqual([true, true]);
  });

  test('is gone on with where it was cut off', async () => {
    registry.uploads.cuts.push(2 * pieceBytes, 1 * pieceBytes);
    await send(opened());
    expect(await isThere()).toBe(true);
    expect(registry.seen.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range'])).toEqual([undefined, `${String(2 * pieceBytes)}-${String(bytes.length - 1)}`, `${String(3 * pieceBytes)}-${String(bytes.length - 1)}`]);
    expect(told.at(-1)).toBe(bytes.length);
  });

  test('is begun anew where the registry has forgotten what was cut off, or has kept something else', async () => {
    registry.uploads.forgets = true;
    registry.uploads.cuts.push(2 * pieceBytes);
    await send(opened());
    expect(methods()).toEqual(['HEAD', 'POST', 'PATCH', 'GET', 'HEAD', 'POST', 'PATCH', 'PUT']);
    expect(await isThere()).toBe(true);
    const another = randomBytes(4 * pieceBytes);
    registry.uploads.forgets = false;
    registry.uploads.cuts.push(2 * pieceBytes);
    // It has one byte less than it says: what comes then does not fit.
    registry.uploads.claims = (count) => (count < another.length ? count - 1 : count);
    await send(opened(), blobOf(another));
    expect(await isThere(another)).toBe(true);
  });

  test('is not sent for ever to a registry that always hangs up in the same place', async () => {
    registry.uploads.forgets = true;
    registry.uploads.cuts.push(...Array.from({ length: 100 }, () => 2 * pieceBytes));
    expect(await failureOf(send(opened()))).toMatchObject({ code: 'registry', isTransient: true });
    expect(methods().filter((method) => method === 'PATCH').length).toBeLessThanOrEqual(6);
  });

  test('is there where only the answer to its end was cut off', async () => {
    registry.next('uploads/1', ({ request, response, serve }) => {
      if (request.method !== 'PUT') return serve();
      // It has it, and nobody hears of that.
      registry.putBlob('a/b', bytes);
      response.destroy();
    }, 2);
    registry.next('uploads/1', ({ response }) => { response.writeHead(404).end(); });
    await send(opened());
    expect(methods().slice(-2)).toEqual(['GET', 'HEAD']);
  });

  test('is announced before it is sent, so that a refusal costs nothing', async () => {
    registry.next('uploads/1', ({ response }) => { response.writeHead(413).end(); });
    const sent: number[] = [];
    const blob = blobOf(bytes, [], async function* (offset) {
      sent.push(offset);
      yield await Promise.resolve(bytes.subarray(offset));
    });
    expect(await failureOf(send(opened(), blob))).toMatchObject({ code: 'registry', message: `${registry.origin}/v2/a/b/blobs/uploads/1: status 413: 1.3M at once are more than the registry, or a server before it, takes` });
    expect(sent).toEqual([]);
  });

  test('fails as its bytes do', async () => {
    const blob = blobOf(bytes, [], async function* (offset) {
      yield await Promise.resolve(bytes.subarray(offset, pieceBytes));
      throw new Error('the disk');
    });
    expect((await failureOf(send(opened(), blob))).message).toContain('the disk');
    expect(await isThere()).toBe(false);
  });

  test.each<readonly [string, (lie: TestRegistry) => void, string]>([
    ['leads to what is not encrypted', (lie) => { lie.next('uploads/', ({ response }) => { response.writeHead(202, { location: 'http://192.0.2.1/?signature=secret' }).end(); }); }, 'where it wants a blob leads to http://192.0.2.1, which is not encrypted'],
    ['says not where it wants it', (lie) => { lie.next('uploads/', ({ response }) => { response.writeHead(202).end(); }); }, 'it does not say where it wants a blob'],
    ['does not take its digest', (lie) => { lie.next('uploads/1', ({ request, response, serve }) => { if (request.method === 'PUT') response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}'); else serve(); }, 2); }, 'uploads/1: status 400 (DIGEST_INVALID)'],
    ['has kept something else', (lie) => { lie.next('uploads/1', ({ request, response, serve }) => { if (request.method === 'PUT') response.writeHead(201, { 'docker-content-digest': 'sha256:0' }).end(); else serve(); }, 2); }, `it has kept "sha256:0", and not ${digest}`],
    ['takes only a part', (lie) => { lie.uploads.claims = (count) => Math.min(count, 3 * pieceBytes); }, `it has taken ${String(3 * pieceBytes)} of ${String(bytes.length)} bytes of ${digest}`],
    ['answers with what nobody reads', (lie) => { lie.next('uploads/', ({ response }) => { response.writeHead(202, { location: '/x' }).end(Buffer.alloc(1 << 20)); }); }, 'the answer has more than 65536 bytes'],
  ])('is refused in one line where the registry %s', async (_, spoil, words) => {
    spoil(registry);
    const { message } = await failureOf(send(opened()));
    expect(message.includes(words) && !message.includes('\n') && !message.includes('secret') ? words : message).toBe(words);
    expect(await isThere()).toBe(false);
  });

  test('waits for no registry that takes nothing, or says nothing', async () => {
    registry.next('uploads/1', ({ response }) => { response.writeContinue(); }, 100);
    const large = blobOf(Buffer.alloc(8 << 20));
    expect((await failureOf(send(opened(NOBODY, { idleMs: 50 }), large))).message).toContain('uploads/1: nothing has been taken for 0.05 s');
    registry.next(digest, () => undefined);
    expect((await failureOf(send(opened(NOBODY, { answerMs: 50 })))).message).toContain('no answer for 0.05 s');
  });

  test('is sent with a token for writing that repository alone, and for reading the others where that is granted', async () => {
    registry.lock = { by: 'token', username: 'ann', password: 'pass:word' };
    await send(opened(ann, { others: ['c/d'] }));
    const tokens = (): string[] => registry.seen.filter(({ path }) => path.startsWith('/token')).map(({ path }) => decodeURIComponent(path));
    const scopes = ['repository:a/b:pull,push', 'repository:c/d:pull'];
    expect(tokens()).toEqual([`/token?service=test&scope=${scopes.join('&scope=')}`]);
    const before = tokens().length;
    registry.next('/token', ({ response }) => { response.writeHead(403).end(); });
    await send(opened(ann, { others: ['c/d'] }), blobOf(Buffer.from('another')));
    expect(tokens().slice(before)).toEqual([`/token?service=test&scope=${scopes.join('&scope=')}`, '/token?service=test&scope=repository:a/b:pull,push']);
    expect((await failureOf(send(opened(), blobOf(Buffer.from('third'))))).message).toBe(`${registry.host} does not let anybody push to a/b without a login`);
    registry.token = 'a-new-one';
    expect((await failureOf(send(opened({ ...ann, password: 'wrong' }), blobOf(Buffer.from('third'))))).message).toBe(`${registry.host} does not let this login push to a/b`);
  });

  test('is asked for a new token in the middle', async () => {
    registry.lock = { by: 'token', username: 'ann', password: 'pass:word' };
    registry.next('uploads/', ({ serve }) => {
      serve();
      registry.token = 'the-next';
    }, 1);
    await send(opened(ann));
    expect(methods()).toEqual(['HEAD', 'GET', 'HEAD', 'POST', 'PATCH', 'GET', 'PATCH', 'PUT']);
  });

  test('shows nobody else what it shows the registry', async () => {
    registry.lock = { by: 'basic', username: 'ann', password: 'pass:word' };
    registry.next('uploads/', ({ response }) => { response.writeHead(202, { location: `${other.origin}/v2/a/b/blobs/uploads/1?signature=secret` }).end(); });
    other.next('uploads/1', ({ response }) => { response.writeHead(202, { range: `0-${String(bytes.length - 1)}` }).end(); });
    other.next('uploads/1', ({ response }) => { response.writeHead(201).end(); });
    await send(opened(ann));
    expect(other.seen.map(({ method, headers }) => [method, headers.authorization])).toEqual([['PATCH', undefined], ['PUT', undefined]]);
    expect(other.seen.map(({ path }) => path.includes('signature=secret'))).toEqual([true, true]);
  });
});
