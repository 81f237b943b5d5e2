import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ContentService as Content, WriteAction, WriteContentRequest, type WriteContentResponse } from '../../../src/api/gen/containerd/services/content/v1/content';
import { ImagesService as Images } from '../../../src/api/gen/containerd/services/images/v1/images';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { ContainerdClient } from '../../support/containerd-client';
import { digestOf } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const none = new Map<string, string>();
const hello = Buffer.from('hello');
const emptyDigest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describeOnHost('content over the containerd API', realContainers, () => {
  let host: TestHost;
  let client: ContainerdClient;

  beforeEach(async () => {
    host = await TestHost.withDaemon();
    client = new ContainerdClient(host.socketPath);
    // What nothing keeps goes with the next deletion: each test's content is this lease's.
    for (const namespace of ['a', 'b']) await client.ask(Leases.create, { id: 'l', labels: none }, namespace);
  });
  afterEach(async () => {
    client.close();
    await host.cleanUp();
  });

  const open = (namespace = 'a', lease: string | undefined = 'l') => client.duplex(Content.write, namespace, lease);
  const request = (fields: Partial<WriteContentRequest>): WriteContentRequest => ({ ...WriteContentRequest.fromPartial({}), ...fields });
  const stat = (ref: string, fields: Partial<WriteContentRequest> = {}) => request({ ref, ...fields });
  const write = (data: Uint8Array, offset = 0) => request({ action: WriteAction.WRITE, data, offset: BigInt(offset) });
  const commit = (offset: number, fields: Partial<WriteContentRequest> = {}) => request({ action: WriteAction.COMMIT, offset: BigInt(offset), ...fields });
  const shown = (answer: WriteContentResponse | string): unknown => (typeof answer === 'string' ? answer : [answer.action, Number(answer.offset), Number(answer.total), answer.digest]);
  const put = async (bytes: Uint8Array, namespace = 'a', lease: string | undefined = 'l'): Promise<string> => {
    const call = open(namespace, lease);
    await call.send(stat(`put ${digestOf(bytes)}`));
    await call.send(commit(0, { data: bytes }));
    expect((await call.end()).status).toBe('OK');
    return digestOf(bytes);
  };
  const read = async (digest: string, offset = 0, size = 0, namespace = 'a'): Promise<string> => {
    const pieces = await client.all(Content.read, { digest, offset: BigInt(offset), size: BigInt(size) }, namespace);
    return Buffer.concat(pieces.map(({ data }) => data)).toString();
  };
  const readRefusal = (digest: string, offset = 0) => read(digest, offset).catch((error: unknown) => `${String((error as { code: number }).code)} ${(error as { details: string }).details}`);
  const digests = async (namespace = 'a') => (await client.all(Content.list, { filters: [] }, namespace)).flatMap(({ info }) => info.map(({ digest }) => digest));

  test('a blob is written piece by piece, each request with its answer, the last one twice', async () => {
    const call = open();
    expect(shown(await call.send(stat('r', { total: 5n })))).toEqual([0, 0, 5, emptyDigest]);
    expect(shown(await call.send(write(hello.subarray(0, 2))))).toEqual([1, 2, 5, digestOf(hello.subarray(0, 2))]);
    expect(shown(await call.send(write(hello.subarray(2), 2)))).toEqual([1, 5, 5, digestOf(hello)]);
    expect(shown(await call.send(commit(5, { total: 5n, expected: digestOf(hello), labels: new Map([['x', 'y']]) })))).toEqual([2, 5, 5, digestOf(hello)]);
    const { answers, status } = await call.end();
    expect([answers.map(shown), status]).toEqual([[[2, 5, 5, digestOf(hello)]], 'OK']);
    const { info } = await client.ask(Content.info, { digest: digestOf(hello) }, 'a');
    expect([info?.size, [...(info?.labels ?? [])]]).toEqual([5n, [['x', 'y']]]);
    expect((await client.ask(Content.listStatuses, { filters: [] }, 'a')).statuses).toEqual([]);
    expect(await read(digestOf(hello))).toBe('hello');
    expect(await read(digestOf(hello), 1, 3)).toBe('ell');
    expect(await read(digestOf(hello), 5)).toBe('');
    expect(await read(digestOf(hello), 1, 100)).toBe('ello');
    expect(await readRefusal(digestOf(hello), 6)).toBe('11 read past object length 5 bytes');
  });

  test('an ingest is gone on with after its stream has ended, and after a killed daemon', async () => {
    const first = open();
    await first.send(stat('r', { total: 5n }));
    await first.send(write(hello.subarray(0, 2)));
    expect((await first.end()).status).toBe('OK');
    const { status } = await client.ask(Content.status, { ref: 'r' }, 'a');
    expect([status?.offset, status?.total]).toEqual([2n, 5n]);
    await host.stopDaemon('SIGKILL');
    client.close();
    await host.startDaemon();
    client = new ContainerdClient(host.socketPath);
    const second = open();
    expect(shown(await second.send(stat('r', { total: 5n })))).toEqual([0, 2, 5, digestOf(hello.subarray(0, 2))]);
    expect(shown(await second.send(write(hello.subarray(2), 4)))).toBe('11 write @4 must occur at current offset 2');
    const third = open();
    await third.send(stat('r'));
    await third.send(write(hello.subarray(2), 2));
    expect(shown(await third.send(commit(5)))).toEqual([2, 5, 0, digestOf(hello)]);
    await third.end();
    expect(await read(digestOf(hello))).toBe('hello');
  });

  test('an offset of 0 throws away what is there, and another total begins anew', async () => {
    const call = open();
    await call.send(stat('r', { total: 5n }));
    await call.send(write(Buffer.from('xy')));
    expect(shown(await call.send(write(Buffer.from('z'))))).toEqual([1, 1, 5, digestOf(Buffer.from('z'))]);
    expect(shown(await call.send(commit(0, { total: 5n })))).toBe('9 "r" failed size validation: 0 != 5: failed precondition');
    const again = open();
    await again.send(stat('r', { total: 5n }));
    await again.send(write(Buffer.from('xy')));
    await again.end();
    const other = open();
    expect(shown(await other.send(stat('r', { total: 6n })))).toEqual([0, 0, 6, emptyDigest]);
    await other.end();
  });

  test('every error has its code and text', async () => {
    const digest = await put(hello);
    const gone = digestOf(Buffer.from('gone'));
    expect(await open().send(stat(''))).toBe('3 first message must have a reference');
    expect(await open().send(stat('r', { expected: digest }))).toBe(`6 content ${digest}: already exists`);
    expect(await open('a', 'no lease').send(stat('r'))).toBe('5 lease does not exist: not found');
    const late = open();
    await late.send(stat('late'));
    expect(await late.send(commit(0, { data: hello, expected: digest }))).toBe(`6 blob with expected digest ${digest} exists`);
    const wrong = open();
    await wrong.send(stat('wrong'));
    expect(await wrong.send(commit(0, { data: hello, expected: gone }))).toBe(`9 unexpected commit digest ${digest}, expected ${gone}: failed precondition`);
    const same = open();
    await same.send(stat('same'));
    expect(await same.send(commit(0, { data: hello }))).toBe(`6 content ${digest}: already exists`);
    const holder = open();
    await holder.send(stat('held'));
    expect(await open().send(stat('held'))).toMatch(/^14 ref held locked for \S+s \(since \S+\): unavailable$/);
    await holder.end();
    expect(await client.refusal(Content.info, { digest: 'zz' }, 'a')).toBe('3 "zz" failed validation');
    expect(await client.refusal(Content.info, { digest: gone }, 'a')).toBe(`5 content digest ${gone}: not found`);
    expect(await client.refusal(Content.delete, { digest: gone }, 'a')).toBe(`5 content digest ${gone}: not found`);
    expect(await readRefusal(gone)).toBe(`5 content digest ${gone}: not found`);
    expect(await client.refusal(Content.status, { ref: 'zz' }, 'a')).toBe('5 could not get status for ref "zz": reference zz: not found');
    expect(await client.refusal(Content.abort, { ref: 'zz' }, 'a')).toBe('5 reference zz: not found');
    const info = { digest, size: 0n, labels: none, created_at: undefined, updated_at: undefined };
    expect(await client.refusal(Content.update, { info, update_mask: ['size'] }, 'a')).toBe(`3 cannot update "size" field on content info "${digest}": invalid argument`);
  });

  test('another namespace sees a blob when it has written it, and need not send it again', async () => {
    const digest = await put(hello);
    expect(await client.refusal(Content.info, { digest }, 'b')).toBe(`5 content digest ${digest}: not found`);
    const call = open('b');
    expect(shown(await call.send(stat('r', { expected: digest, total: 5n })))).toEqual([0, 5, 5, digest]);
    expect(shown(await call.send(commit(5, { expected: digest, total: 5n })))).toEqual([2, 5, 5, digest]);
    await call.end();
    expect(await read(digest, 0, 0, 'b')).toBe('hello');
    await client.ask(Content.delete, { digest }, 'a');
    expect(await digests('a')).toEqual([]);
    expect(await read(digest, 0, 0, 'b')).toBe('hello');
  });

  test('what neither lease nor image nor label keeps goes, with its file, when a deletion has been waited for', async () => {
    const config = await put(Buffer.from('config'));
    const manifest = await put(Buffer.from('manifest'));
    await put(Buffer.from('nobody keeps this'), 'a', undefined);
    const info = { digest: manifest, size: 0n, labels: new Map([['containerd.io/gc.ref.content.config', config]]), created_at: undefined, updated_at: undefined };
    await client.ask(Content.update, { info, update_mask: ['labels'] }, 'a');
    const target = { media_type: 'application/vnd.oci.image.manifest.v1+json', digest: manifest, size: 8n, annotations: none };
    await client.ask(Images.create, { image: { name: 'i', labels: none, target, created_at: undefined, updated_at: undefined }, source_date_epoch: undefined }, 'a');
    await client.ask(Leases.delete, { id: 'l', sync: true }, 'a');
    expect(await digests()).toEqual([config, manifest].sort());
    await client.ask(Images.delete, { name: 'i', sync: true }, 'a');
    expect(await digests()).toEqual([]);
    expect(readdirSync(join(host.directory, 'root/images/io.containerd.content.v1.content/blobs/sha256'))).toEqual([]);
  });
});
