import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  AddProcessRequest,
  APIService,
  CreateCheckpointRequest,
  CreateContainerRequest,
  DeleteCheckpointRequest,
  EventsRequest,
  ListCheckpointRequest,
  SignalRequest,
  StateRequest,
  StatsRequest,
  UpdateContainerRequest,
  UpdateProcessRequest,
} from '../../src/api/gen/legacy/api';
import { treeBelow } from '../support/files';
import { defects, text } from '../support/malformed';
import { fc } from '../support/property';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

/** Requests that are sent in all; HOLDFAST_FUZZ asks for more. */
const REQUESTS = Number(process.env['HOLDFAST_FUZZ'] ?? 3000);
const AT_ONCE = 20;

/** What a malformed request may be answered with. INTERNAL is grpc-js' own word for bytes that are no message. */
const clearCodes = new Set([
  status.OK,
  status.UNKNOWN,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.INTERNAL,
]);
const texts = fc.array(text, { maxLength: 5 });
const uint64 = fc.oneof(fc.constantFrom(0n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const int64 = fc.oneof(fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const uint32 = fc.oneof(fc.constantFrom(0, 1, 9, 64, 65, 0x7fff_ffff, 0xffff_ffff), fc.nat(0xffff_ffff));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const timestamp = fc.record({ seconds: int64, nanos: int32 });
const stdio = { stdin: text, stdout: text, stderr: text };

/** Every field of every request, filled with anything; no bundle and no container is there that it could hit. */
const messages: readonly (readonly [path: string, bytes: fc.Arbitrary<Uint8Array>])[] = [
  [
    APIService.createContainer.path,
    fc.record({ id: text, bundlePath: text, checkpoint: text, ...stdio, labels: texts, noPivotRoot: fc.boolean(), runtime: text, runtimeArgs: texts, checkpointDir: text })
      .map((value) => CreateContainerRequest.encode(value).finish()),
  ],
  [
    APIService.addProcess.path,
    fc.record({
      id: text, terminal: fc.boolean(), user: maybe(fc.record({ uid: uint32, gid: uint32, additionalGids: fc.array(uint32, { maxLength: 3 }) })),
      args: texts, env: texts, cwd: text, pid: text, ...stdio, capabilities: texts, apparmorProfile: text, selinuxLabel: text, noNewPrivileges: fc.boolean(),
      rlimits: fc.array(fc.record({ type: text, soft: uint64, hard: uint64 }), { maxLength: 3 }),
    }).map((value) => AddProcessRequest.encode(value).finish()),
  ],
  [APIService.signal.path, fc.record({ id: text, pid: text, signal: uint32 }).map((value) => SignalRequest.encode(value).finish())],
  [
    APIService.updateProcess.path,
    fc.record({ id: text, pid: text, closeStdin: fc.boolean(), width: uint32, height: uint32 }).map((value) => UpdateProcessRequest.encode(value).finish()),
  ],
  [
    APIService.updateContainer.path,
    fc.record({ id: text, pid: text, status: text, resources: maybe(fc.record({ memoryLimit: uint64, cpusetCpus: text, blkioWeight: uint64, cpuRealtimeRuntime: int64 })) })
      .map((value) => UpdateContainerRequest.encode(UpdateContainerRequest.fromPartial(value)).finish()),
  ],
  [APIService.state.path, fc.record({ id: text }).map((value) => StateRequest.encode(value).finish())],
  [APIService.stats.path, fc.record({ id: text }).map((value) => StatsRequest.encode(value).finish())],
  [
    APIService.createCheckpoint.path,
    fc.record({
      id: text, checkpointDir: text,
      checkpoint: maybe(fc.record({ name: text, exit: fc.boolean(), tcp: fc.boolean(), unixSockets: fc.boolean(), shell: fc.boolean(), emptyNS: texts })),
    }).map((value) => CreateCheckpointRequest.encode(value).finish()),
  ],
  [APIService.deleteCheckpoint.path, fc.record({ id: text, name: text, checkpointDir: text }).map((value) => DeleteCheckpointRequest.encode(value).finish())],
  [APIService.listCheckpoint.path, fc.record({ id: text, checkpointDir: text }).map((value) => ListCheckpointRequest.encode(value).finish())],
];

/** Replays only: a live subscription would have no answer to wait for. */
const replay: readonly (readonly [string, fc.Arbitrary<Uint8Array>])[] = [
  [
    APIService.events.path,
    fc.record({ seconds: uint64, timestamp: maybe(timestamp), storedOnly: fc.constant(true), id: text }).map((value) => EventsRequest.encode(value).finish()),
  ],
];

/** Fields of any number, kind and content, well or badly formed, in a row. */
const fields = fc.array(fc.record({ number: fc.integer({ min: 1, max: 40 }), kind: fc.constantFrom(0, 1, 2, 5), bytes: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 8 })
  .map((list) => {
    const writer = new BinaryWriter();
    for (const { number, kind, bytes } of list) {
      writer.tag(number, kind);
      if (kind === 2) writer.bytes(bytes);
      else writer.raw(bytes);
    }
    return writer.finish();
  });
const paths = messages.map(([path]) => path);
const noMessage = fc.tuple(fc.constantFrom(...paths), fc.oneof(fc.uint8Array({ maxLength: 200 }), fields));
const noMethod = fc.tuple(fc.constantFrom('/types.API/Nope', '/types.API/', '/nope.API/State'), fc.uint8Array({ maxLength: 20 }));

interface Request {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const request: fc.Arbitrary<Request> = fc
  .oneof(...[...messages, ...replay].map(([path, bytes]) => fc.tuple(fc.constant(path), bytes)), noMessage, noMethod)
  .map(([path, bytes]) => ({ path, bytes }));

describeOnHost('malformed requests', realContainers, () => {
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

  /** All but the socket of the shim, which the daemon starts once it serves. */
  const filesThere = (): string[] => treeBelow(host.directory);

  /** Sends bytes as they are; answers OK or the error's code and text. */
  function send({ path, bytes }: Request): Promise<{ readonly code: status; readonly details: string }> {
    const isStream = path === APIService.events.path;
    return new Promise((resolve) => {
      const finish = (error: ServiceError | null): void => {
        resolve(error === null ? { code: status.OK, details: '' } : { code: error.code, details: error.details });
      };
      const options = { deadline: Date.now() + 20_000 };
      const asIs = (value: Uint8Array): Buffer => Buffer.from(value);
      if (isStream) {
        const stream = client.makeServerStreamRequest(path, asIs, (answer) => answer, bytes, new Metadata(), options);
        stream.on('data', () => undefined);
        stream.on('error', finish);
        stream.on('end', () => {
          finish(null);
        });
      } else {
        client.makeUnaryRequest(path, asIs, (answer) => answer, bytes, new Metadata(), options, finish);
      }
    });
  }

  test('are answered clearly, and touch nothing', async () => {
    const before = filesThere();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (requests) => {
        const answers = await Promise.all(requests.map(send));
        for (const [index, { code, details }] of answers.entries()) {
          const about = `${requests[index]?.path ?? ''}: ${status[code]} ${details}`;
          const isKnown = clearCodes.has(code) || (code === status.UNIMPLEMENTED && !paths.includes(requests[index]?.path ?? ''));
          if (!isKnown || (code !== status.OK && details === '') || defects.test(details)) throw new Error(about);
        }
      }),
      { numRuns: Math.ceil(REQUESTS / AT_ONCE), endOnFailure: true },
    );
    expect(filesThere()).toEqual(before);
    expect(host.daemon.log()).not.toMatch(/"level":"(error|fatal)"/);
    await expectUntouched(host);
    await expectWorking(host);
  }, 20_000 + REQUESTS * 10);

  test('do no harm to a container that runs', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    const before = await host.initOf('box');
    const unreal = fc.constantFrom('relative', 'a\0b', '/nonexistent/dir/fifo');
    const some = fc.array(
      fc.oneof(
        fc.record({ pid: text, args: texts, cwd: text, env: texts, stdin: unreal }).map((value) => ({
          path: APIService.addProcess.path,
          bytes: AddProcessRequest.encode(AddProcessRequest.fromPartial({ ...value, id: 'box' })).finish(),
        })),
        fc.record({ pid: text.filter((pid) => pid !== 'init'), signal: uint32 }).map((value) => ({
          path: APIService.signal.path,
          bytes: SignalRequest.encode({ ...value, id: 'box' }).finish(),
        })),
        fc.record({ signal: fc.constantFrom(65, 1000, 0x7fff_ffff, 0xffff_ffff) }).map((value) => ({
          path: APIService.signal.path,
          bytes: SignalRequest.encode({ ...value, id: 'box', pid: 'init' }).finish(),
        })),
        fc.record({ pid: fc.oneof(text, fc.constant('init')), width: uint32, height: uint32, closeStdin: fc.boolean() }).map((value) => ({
          path: APIService.updateProcess.path,
          bytes: UpdateProcessRequest.encode({ ...value, id: 'box' }).finish(),
        })),
        fc.record({ status: text.filter((word) => !['paused', 'running', ''].includes(word)) }).map((value) => ({
          path: APIService.updateContainer.path,
          bytes: UpdateContainerRequest.encode(UpdateContainerRequest.fromPartial({ ...value, id: 'box' })).finish(),
        })),
      ),
      { minLength: AT_ONCE, maxLength: AT_ONCE },
    );
    await fc.assert(
      fc.asyncProperty(some, async (requests) => {
        for (const { code, details } of await Promise.all(requests.map(send))) {
          if (!clearCodes.has(code) || (code !== status.OK && details === '') || defects.test(details)) throw new Error(`${status[code]} ${details}`);
        }
      }),
      { numRuns: Math.ceil(REQUESTS / AT_ONCE / 5), endOnFailure: true },
    );
    expect(host.daemon.log()).not.toMatch(/"level":"(error|fatal)"/);
    expect(await host.initOf('box')).toEqual(before);
    await host.end();
    await expectUntouched(host);
  }, 30_000 + REQUESTS * 10);
});
