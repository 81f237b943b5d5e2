import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { BinaryWriter } from '@bufbuild/protobuf/wire';

import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { ContentService } from '../../../src/api/gen/containerd/services/content/v1/content';
import { DiffService } from '../../../src/api/gen/containerd/services/diff/v1/diff';
import { EventsService } from '../../../src/api/gen/containerd/services/events/v1/events';
import { ImagesService } from '../../../src/api/gen/containerd/services/images/v1/images';
import { IntrospectionService } from '../../../src/api/gen/containerd/services/introspection/v1/introspection';
import { LeasesService } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { NamespacesService } from '../../../src/api/gen/containerd/services/namespaces/v1/namespaces';
import { SnapshotsService } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { VersionService } from '../../../src/api/gen/containerd/services/version/v1/version';
import { defects, text } from '../../support/malformed';
import { fc } from '../../support/property';
import { describeOnHost, realContainers } from '../../support/requires';
import { TaskHost } from '../../support/task-host';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';
import { emptyDigest, mutated, validRequests } from '../../support/valid-requests';

/** Requests that are sent in all; HOLDFAST_FUZZ asks for more. */
const requestCount = Number(process.env['HOLDFAST_FUZZ'] ?? 2000);
const atOnce = 20;
const deepest = 3;
const sleeper = { args: ['sleep', '1000'] };

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}
const services: readonly Readonly<Record<string, Method>>[] = [
  ContainersService, TasksService, EventsService, NamespacesService, LeasesService, VersionService, IntrospectionService,
  ContentService, ImagesService, SnapshotsService, DiffService,
];
const methods = services.flatMap((service) => Object.values(service)).map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }));
/** Answered when something happens, or the client goes: nothing does, so it goes. */
const waiting: readonly string[] = [EventsService.subscribe.path, TasksService.wait.path];

/** INTERNAL is grpc-js' own word for bytes that are no message; DEADLINE_EXCEEDED this client's, of calls that wait. */
const clearCodes = new Set([
  status.OK, status.UNKNOWN, status.INVALID_ARGUMENT, status.NOT_FOUND, status.ALREADY_EXISTS, status.FAILED_PRECONDITION, status.OUT_OF_RANGE, status.UNIMPLEMENTED, status.INTERNAL,
]);

/** What some methods find: a record and its task that anything may be done to. */
const prey = fc.constantFrom('prey', 'prey', 'exec', 'labels', 'image', 'id==prey', 'id=', 'labels.x~=(', 'io.containerd.runc.v2', '/tasks/exit', '/a//b', 'types.containerd.io/opencontainers/runtime-spec/1/Process', '{}', '{"args":', 'file:///nonexistent/x/y', 'binary:///nonexistent?a=b');
/** And what the services of images find: blobs, snapshots and refs by these names, as soon as a request has made them. */
const imagePrey = fc.constantFrom('overlayfs', 'native', emptyDigest, 'sha256:00', 'lease', 'labels.x', 'application/vnd.oci.image.layer.v1.tar+gzip');
const word = fc.oneof(prey, imagePrey, text);

/** A message's bytes: fields of any kind under the numbers that are in use, messages within messages, also wrong ones. */
const { message } = fc.letrec<{ message: Uint8Array; field: (writer: BinaryWriter) => void }>((tie) => ({
  message: fc.array(tie('field'), { maxLength: 8 }).map((fields) => {
    const writer = new BinaryWriter();
    for (const write of fields) write(writer);
    return writer.finish();
  }),
  field: fc.tuple(fc.integer({ min: 1, max: 14 }), fc.oneof({ maxDepth: deepest }, fc.record({ word }), fc.record({ number: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }), fc.record({ raw: fc.uint8Array({ maxLength: 40 }) }), fc.record({ nested: tie('message') })))
    .map(([number, content]) => (writer: BinaryWriter) => {
      if ('number' in content) writer.tag(number, 0).uint64(content.number);
      else if ('word' in content) writer.tag(number, 2).string(content.word);
      else writer.tag(number, 2).bytes('raw' in content ? content.raw : content.nested);
    }),
}));
/** Field 1 within field 1, two thousand times: an Any in an Any, to whoever follows it. */
const bottomless = Array.from({ length: 2000 }).reduce<Uint8Array>((inner) => new BinaryWriter().tag(1, 2).bytes(inner).finish(), new Uint8Array());

const anyBytes = fc.oneof({ weight: 6, arbitrary: message }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) }, { weight: 1, arbitrary: fc.constant(bottomless) });
const valid = validRequests('prey');
const call = fc.constantFrom(...methods).chain((method) => {
  const one = valid.get(method.path);
  return fc.record({ method: fc.constant(method), bytes: one === undefined ? anyBytes : fc.oneof(mutated(one), anyBytes) });
});

const request = fc.record({
  call,
  namespace: fc.oneof({ weight: 6, arbitrary: fc.constant('prey') }, { weight: 1, arbitrary: fc.constantFrom('', 'a b', '../x', 'legacy', 'x'.repeat(77)) }),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

describeOnHost('malformed requests of the containerd API', realContainers, () => {
  let host: TestHost;
  let client: Client;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ flags: ['--log-level=warn'] });
    client = new Client(`unix:${host.socketPath}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  });
  afterEach(async () => {
    client.close();
    await host.cleanUp();
  });

  /** Sends bytes as they are; answers OK or the error's code and text. */
  function send({ call: { method: { path, requestStream, responseStream }, bytes }, namespace }: Request): Promise<{ readonly code: status; readonly details: string }> {
    return new Promise((resolve) => {
      const finish = (error: ServiceError | null): void => { resolve(error ?? { code: status.OK, details: '' }); };
      const options = { deadline: Date.now() + (waiting.includes(path) ? 500 : 20_000) };
      const asIs = (value: Uint8Array): Buffer => Buffer.from(value);
      const metadata = new Metadata();
      metadata.set('containerd-namespace', namespace);
      if (!responseStream) {
        client.makeUnaryRequest(path, asIs, (answer) => answer, bytes, metadata, options, finish);
        return;
      }
      if (requestStream) {
        const both = client.makeBidiStreamRequest(path, asIs, (answer) => answer, metadata, options);
        both.on('data', () => undefined).on('error', finish).on('end', () => { finish(null); });
        both.end(bytes);
        return;
      }
      const stream = client.makeServerStreamRequest(path, asIs, (answer) => answer, bytes, metadata, options);
      stream.on('data', () => undefined).on('error', finish).on('end', () => { finish(null); });
    });
  }

  test('each is answered clearly, and whoever it does not name is as before', async () => {
    const others = new TaskHost(host, 'others');
    const pid = await others.create('bystander', sleeper);
    await others.start('bystander');
    const own = new TaskHost(host, 'prey');
    await own.create('prey', sleeper);
    const record = await others.ask(ContainersService.get, { id: 'bystander' });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: atOnce, maxLength: atOnce }), async (requests) => {
        const answers = await Promise.all(requests.map(send));
        for (const [index, { code, details }] of answers.entries()) {
          const path = requests[index]?.call.method.path ?? '';
          seen.add(`${path} ${status[code]}`);
          const isKnown = clearCodes.has(code) || (code === status.DEADLINE_EXCEEDED && waiting.includes(path)) || (code === status.UNAVAILABLE && /^ref .* locked for/s.test(details));
          if (!isKnown || (code !== status.OK && details === '') || defects.test(details)) throw new Error(`${path}: ${status[code]} ${details}`);
        }
      }),
      { numRuns: Math.ceil(requestCount / atOnce), endOnFailure: true },
    );
    // Each method was reached, not the decoder alone.
    expect(methods.map(({ path }) => path).filter((path) => ![...seen].some((one) => one.startsWith(`${path} `)))).toEqual([]);
    expect(await others.get('bystander')).toMatchObject({ pid, status: 2 });
    expect(await others.ask(ContainersService.get, { id: 'bystander' })).toEqual(record);
    expect(host.daemon.log()).not.toMatch(/"level":"fatal"/);
    await expectWorking(host);
    await others.end('bystander');
    // Its record may have been deleted, without which nobody finds the task.
    await own.record('prey', sleeper).catch(() => undefined);
    if ((await own.client.refusal(TasksService.get, { container_id: 'prey', exec_id: '' }, 'prey')) === 'OK') await own.end('prey');
  }, 60_000 + requestCount * 20);

  test('a thousand who wait, and who subscribe and never read, keep nobody else from being served', async () => {
    const tasks = new TaskHost(host);
    await tasks.create('web', sleeper);
    await tasks.start('web');
    const waits = Array.from({ length: 1000 }, () => tasks.wait('web'));
    const ended = Promise.all(waits);
    const silent = Array.from({ length: 50 }, () => client.makeServerStreamRequest(EventsService.subscribe.path, EventsService.subscribe.requestSerialize, (answer) => answer, { filters: [] }).pause());
    for (const stream of silent) stream.on('error', () => undefined);
    await expectWorking(host);
    await tasks.kill('web', 9);
    expect(new Set((await ended).map((one) => one.exit_status))).toEqual(new Set([137]));
    await tasks.delete('web');
    for (const stream of silent) stream.cancel();
    await expectWorking(host, 'at-the-end');
  });
});
