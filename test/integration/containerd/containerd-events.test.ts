import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { type ClientReadableStream, Metadata, type ServiceError, credentials, status } from '@grpc/grpc-js';

import { Container, ContainersClient } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { NamespacesClient } from '../../../src/api/gen/containerd/services/namespaces/v1/namespaces';
import { EventsClient, EventsService, SubscribeRequest } from '../../../src/api/gen/containerd/services/events/v1/events';
import { ContainerCreate, ContainerUpdate } from '../../../src/api/gen/containerd/events/container';
import { NamespaceCreate } from '../../../src/api/gen/containerd/events/namespace';
import { TaskExecStarted, TaskExit, TaskStart } from '../../../src/api/gen/containerd/events/task';
import { Envelope } from '../../../src/api/gen/containerd/types/envelope';
import type { Any } from '../../../src/api/gen/google/protobuf/any';
import { within } from '../../support/deadline';
import { Recorder } from '../../support/recorder';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

/** What dockerd subscribes with, of another namespace. */
const asDockerd = 'namespace==legacy,topic~=|^/tasks/|';
const sleeper = { args: ['sleep', '1000'] };

/** A client of the service Events, with a connection of its own. */
class Client {
  readonly #client: EventsClient;
  readonly #streams = new Set<ClientReadableStream<Envelope>>();

  constructor(host: TestHost) {
    this.#client = new EventsClient(`unix:${host.socketPath}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  }

  /** Resolves when the headers have come: what is told from then on is in the recorder. */
  async subscribe(...filters: string[]): Promise<Recorder<Envelope>> {
    const stream = this.#client.subscribe({ filters });
    this.#streams.add(stream);
    const seen = new Recorder<Envelope>((envelope) => `${envelope.namespace} ${envelope.topic}`);
    stream.on('data', (envelope: Envelope) => { seen.add(envelope); });
    const refused = new Promise<never>((_resolve, reject) => {
      stream.on('error', (error) => {
        seen.end(error.message);
        reject(error);
      });
    });
    refused.catch(() => undefined);
    const headers = new Promise<void>((resolve) => { stream.once('metadata', () => { resolve(); }); });
    await within(Promise.race([headers, refused]), 'the headers of the subscription');
    return seen;
  }

  publish(topic: string, event: Any | undefined, namespace = 'mine'): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#client.publish({ topic, event }, headersOf(namespace), (error, answer) => { if (error === null) resolve(answer); else reject(error); });
    });
  }

  forward(envelope: Envelope | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#client.forward({ envelope }, (error, answer) => { if (error === null) resolve(answer); else reject(error); });
    });
  }

  close(): void {
    for (const stream of this.#streams) stream.cancel();
    this.#client.close();
  }
}

function answerOf<Answer>(call: (done: (error: ServiceError | null, answer: Answer) => void) => unknown): Promise<Answer> {
  return new Promise((resolve, reject) => { call((error, answer) => { if (error === null) resolve(answer); else reject(error); }); });
}

function headersOf(namespace: string): Metadata {
  const metadata = new Metadata();
  if (namespace !== '') metadata.set('containerd-namespace', namespace);
  return metadata;
}

const isExitOf = (id: string) => ({ topic, event }: Envelope): boolean => topic === '/tasks/exit' && exitOf(event).id === id;
const exitOf = (event: Any | undefined): TaskExit => TaskExit.decode(event?.value ?? Buffer.alloc(0));
const exitsOf = (seen: Recorder<Envelope>, id: string): TaskExit[] => seen.items.filter(isExitOf(id)).map(({ event }) => exitOf(event));

describeOnHost('the service Events of the containerd API', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  const clients: Client[] = [];
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const connect = (): Client => {
    const client = new Client(host);
    clients.push(client);
    return client;
  };
  /** Something that everyone is told, after whatever was told before. */
  const mark = async (seen: Recorder<Envelope>): Promise<void> => {
    const topic = `/tasks/mark${String(Math.random()).slice(2)}`;
    await connect().publish(topic, { type_url: 'test.Mark', value: Buffer.alloc(0) }, 'legacy');
    await seen.until((envelope) => envelope.topic === topic, topic);
  };

  test('tells of a container and its processes in their order, to whom the filters let it', async () => {
    const client = connect();
    const [all, ofTasks, ofOne, others] = await Promise.all([
      client.subscribe(), client.subscribe(asDockerd), client.subscribe('event.container_id==box,topic=="/tasks/exit"'), client.subscribe('namespace==other'),
    ]);
    await host.create('box', sleeper);
    await host.client.addProcess({ id: 'box', pid: 'job', args: ['sh', '-c', 'exit 3'], cwd: '/', env: ['PATH=/bin'] });
    await all.until(isExitOf('job'), 'the exit of the exec');
    await host.client.signal('box', 9);
    const { timestamp, event } = await all.until(isExitOf('box'), 'the exit of the task');
    await mark(ofTasks);
    const expected = ['/tasks/start', '/tasks/exec-started', '/tasks/exit', '/tasks/exit'];
    for (const seen of [all, ofTasks]) {
      expect(seen.items.map(({ namespace, topic }) => `${namespace} ${topic}`).slice(0, 4)).toEqual(expected.map((topic) => `legacy ${topic}`));
    }
    expect(ofOne.items).toHaveLength(2);
    expect(others.items).toEqual([]);
    expect(event?.type_url).toBe('containerd.events.TaskExit');
    const start = TaskStart.decode(all.items[0]?.event?.value ?? Buffer.alloc(0));
    const exit = exitOf(event);
    expect(exit).toMatchObject({ container_id: 'box', id: 'box', exit_status: 137, pid: start.pid });
    expect(start.pid).toBeGreaterThan(0);
    const ended = (exit.exited_at?.seconds ?? 0n) * 1_000_000_000n + BigInt(exit.exited_at?.nanos ?? 0);
    const told = (timestamp?.seconds ?? 0n) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
    expect(ended).toBeGreaterThan(told - 60_000_000_000n);
    expect(TaskExecStarted.decode(all.items[1]?.event?.value ?? Buffer.alloc(0))).toMatchObject({ container_id: 'box', exec_id: 'job' });
    expect(exitsOf(all, 'job')).toMatchObject([{ container_id: 'box', id: 'job', exit_status: 3 }]);
  });

  test('passes on what clients publish and forward, byte for byte', async () => {
    const client = connect();
    const seen = await client.subscribe('namespace==mine', 'namespace==theirs,topic~=/^\\/a/');
    const event = { type_url: 'example.com/any.Type', value: Buffer.from([0, 255, 10, 0]) };
    const timestamp = { seconds: 1_500_000_000n, nanos: 7 };
    await client.publish('/some/topic', event);
    await client.publish('/not/wanted', event, 'theirs');
    await client.forward({ timestamp, namespace: 'theirs', topic: '/a/b', event });
    await client.publish('/last', event);
    await seen.until(({ topic }) => topic === '/last', 'the last one');
    expect(seen.items.map(({ namespace, topic }) => `${namespace} ${topic}`)).toEqual(['mine /some/topic', 'theirs /a/b', 'mine /last']);
    for (const envelope of seen.items) expect(envelope.event).toEqual(event);
    expect(seen.items[1]?.timestamp).toEqual(timestamp);
  });

  test('tells what happens to records, in the namespace that each belongs to', async () => {
    const seen = await connect().subscribe('namespace==mine', 'namespace==theirs');
    const containers = new ContainersClient(`unix:${host.socketPath}`, credentials.createInsecure());
    const namespaces = new NamespacesClient(`unix:${host.socketPath}`, credentials.createInsecure());
    try {
      const options = { type_url: 'containerd.runc.v1.Options', value: Buffer.from([10, 255, 0]) };
      const container = Container.fromPartial({ id: 'c1', image: 'busybox', runtime: { name: 'io.containerd.runc.v2', options }, spec: { type_url: 'x', value: Buffer.from('{}') } });
      const labels = new Map([['com.example/a.b', 'yes']]);
      await answerOf((done) => namespaces.create({ namespace: { name: 'theirs', labels } }, headersOf('mine'), done));
      await answerOf((done) => containers.create({ container }, headersOf('mine'), done));
      await answerOf((done) => containers.update({ container: { ...container, labels }, update_mask: ['labels'] }, headersOf('mine'), done));
      await answerOf((done) => containers.delete({ id: 'c1' }, headersOf('mine'), done));
      await answerOf((done) => namespaces.delete({ name: 'theirs' }, headersOf('mine'), done));
      await seen.until(({ topic }) => topic === '/namespaces/delete', 'the last');
      expect(seen.items.map(({ namespace, topic, event }) => `${namespace} ${topic} ${event?.type_url ?? ''}`)).toEqual([
        'mine /namespaces/create containerd.events.NamespaceCreate',
        'mine /containers/create containerd.events.ContainerCreate',
        'mine /containers/update containerd.events.ContainerUpdate',
        'mine /containers/delete containerd.events.ContainerDelete',
        'theirs /namespaces/delete containerd.events.NamespaceDelete',
      ]);
      const [made, created, updated] = seen.items.map(({ event }) => event?.value ?? Buffer.alloc(0));
      expect(NamespaceCreate.decode(made ?? Buffer.alloc(0))).toEqual({ name: 'theirs', labels });
      expect(ContainerCreate.decode(created ?? Buffer.alloc(0))).toEqual({ id: 'c1', image: 'busybox', runtime: { name: 'io.containerd.runc.v2', options } });
      expect(ContainerUpdate.decode(updated ?? Buffer.alloc(0))).toMatchObject({ id: 'c1', labels });
    } finally {
      containers.close();
      namespaces.close();
    }
  });

  test('refuses what makes no sense, and lives', async () => {
    const client = connect();
    const event = { type_url: 'a.B', value: Buffer.alloc(0) };
    const timestamp = { seconds: 1n, nanos: 0 };
    const failure = (call: Promise<unknown>): Promise<string> => call.then(() => 'no error', ({ code, details }: ServiceError) => `${status[code]} ${details}`);
    const invalid = 'INVALID_ARGUMENT';
    for (const [call, expected] of [
      [client.publish('/a', undefined), `${invalid} event must be set: invalid argument`],
      [client.publish('/a', event, ''), 'FAILED_PRECONDITION namespace is required: failed precondition'],
      [client.publish('x', event), `${invalid} envelope topic "x": must start with '/': invalid argument`],
      [client.publish('', event), `${invalid} envelope topic "": must not be empty: invalid argument`],
      [client.publish('/', event), `${invalid} envelope topic "/": must have at least one component: invalid argument`],
      [client.publish('/a//b', event), `${invalid} envelope topic "/a//b": failed validation on component "": identifier must not be empty: invalid argument`],
      [client.forward(undefined), `${invalid} envelope must be set: invalid argument`],
      [client.forward({ timestamp, namespace: '', topic: '/a', event }), `${invalid} event envelope has invalid namespace: identifier must not be empty: invalid argument`],
      [client.forward({ timestamp: undefined, namespace: 'a', topic: '/a', event }), `${invalid} timestamp must be set on forwarded event: invalid argument`],
      [client.forward({ timestamp, namespace: 'a', topic: '/a', event: undefined }), `${invalid} event must be set: invalid argument`],
      [client.subscribe('id=a1'), 'UNKNOWN subscription error: failed parsing subscription filters: filters: parse error: [id >|=|< a1]: unsupported operator "=": invalid argument'],
    ] as const) {
      expect(await failure(call)).toBe(expected);
    }
    await client.subscribe();
  });

  test.each([
    ['while its stream was broken', 'none'],
    ['while the daemon was dead', 'daemon'],
    ['and the daemon died before it was back', 'after'],
  ] as const)('an exit that came %s is sent to who waits for exits, once, and nobody else is told of the past', async (_when, killed) => {
    const first = connect();
    await first.subscribe(asDockerd);
    await host.create('box', sleeper);
    await host.create('later', sleeper);
    const pid = (await host.client.state('box')).containers[0]?.processes[0]?.systemPid ?? 0;
    first.close();
    if (killed === 'daemon') {
      host.daemon.kill('SIGKILL');
      await host.daemon.exited;
      process.kill(pid, 'SIGKILL');
      await host.startDaemon();
    } else {
      const legacy = await host.events();
      process.kill(pid, 'SIGKILL');
      await legacy.untilExit('box');
      legacy.close();
      if (killed === 'after') await host.restartDaemon('SIGKILL');
    }
    const bystander = await connect().subscribe();
    const back = await connect().subscribe(asDockerd);
    const { event } = await back.until(isExitOf('box'), 'the exit that was missed');
    expect(exitOf(event)).toMatchObject({ container_id: 'box', id: 'box', exit_status: 137, pid });
    await host.client.signal('later', 9);
    await back.until(isExitOf('later'), 'an exit that is told as it comes');
    await bystander.until(isExitOf('later'), 'the same');
    // One that has begun before the exit was told is told like anyone else, where the daemon told it only then.
    if (killed !== 'daemon') expect(exitsOf(bystander, 'box')).toEqual([]);
    for (const client of clients.splice(0)) client.close();
    for (const restart of [false, true]) {
      if (restart) await host.restartDaemon('SIGTERM');
      const again = await connect().subscribe(asDockerd);
      await mark(again);
      expect(exitsOf(again, 'box')).toEqual([]);
      expect(exitsOf(again, 'later')).toEqual([]);
    }
  });

  test('who is another process than the last one with its words is told nothing of what came before: it asks for itself', async () => {
    const first = connect();
    await first.subscribe(asDockerd);
    await host.create('box', sleeper);
    await host.create('later', sleeper);
    first.close();
    const legacy = await host.events();
    await host.client.signal('box', 9);
    await legacy.untilExit('box');
    const script = `
      const { Client, credentials } = require('@grpc/grpc-js');
      const client = new Client('unix:${host.socketPath}', credentials.createInsecure());
      const request = Buffer.from('${Buffer.from(SubscribeRequest.encode({ filters: [asDockerd] }).finish()).toString('base64')}', 'base64');
      const stream = client.makeServerStreamRequest('${EventsService.subscribe.path}', (bytes) => bytes, (bytes) => bytes, request);
      stream.on('metadata', () => console.log('here'));
      stream.on('data', (bytes) => console.log(bytes.toString('base64')));`;
    const other = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: resolve(__dirname, '../../..') });
    host.closeAtEnd(() => { other.kill('SIGKILL'); });
    const seen = new Recorder<string>(String);
    createInterface({ input: other.stdout }).on('line', (line) => { seen.add(line); });
    await seen.until((line) => line === 'here', 'its stream');
    await host.client.signal('later', 9);
    const isExit = (line: string): boolean => Envelope.decode(Buffer.from(line, 'base64')).topic === '/tasks/exit';
    const line = await seen.until((one) => one !== 'here' && isExit(one), 'an exit');
    expect(exitOf(Envelope.decode(Buffer.from(line, 'base64')).event).id).toBe('later');
  });

  test('who never was there is told nothing of what came before', async () => {
    const legacy = await host.events();
    await host.create('box', { args: ['true'] });
    await legacy.untilExit('box');
    const seen = await connect().subscribe(asDockerd);
    await mark(seen);
    expect(exitsOf(seen, 'box')).toEqual([]);
  });

  test('of many exits none is lost over kills of the daemon, and each comes in the order of the telling', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `box${String(index)}`);
    const told: string[] = [];
    let seen = await connect().subscribe(asDockerd);
    for (const id of ids) await host.create(id, sleeper);
    for (const [index, id] of ids.entries()) {
      await host.client.signal(id, 9);
      if (index % 3 !== 2) continue;
      host.daemon.kill('SIGKILL');
      await host.daemon.exited;
      await host.startDaemon();
      told.push(...seen.items.filter(({ topic }) => topic === '/tasks/exit').map(({ event }) => exitOf(event).id));
      seen = await connect().subscribe(asDockerd);
    }
    const rest = ids.filter((id) => !told.includes(id));
    for (const id of rest) await seen.until(isExitOf(id), `the exit of ${id}`);
    told.push(...seen.items.filter(({ topic }) => topic === '/tasks/exit').map(({ event }) => exitOf(event).id));
    expect(new Set(told)).toEqual(new Set(ids));
  });
});
