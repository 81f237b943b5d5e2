// Over starts and execs with their ends, and over clients of any manners, nothing adds up: counted, not weighed. docs/limits.md has the memory over 10,000.
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { EventsRequest } from '../../../src/api/gen/legacy/api';
import { frame, FrameFlag, FrameType } from '../../../src/api/wire/frames';
import { encodeHeaderBlock } from '../../../src/api/wire/hpack-encoder';
import { patienceMs } from '../../support/deadline';
import { Figures } from '../../support/figures';
import { untilIn } from '../../support/files';
import { processesNaming } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';
import { greeting, headers, message, request, requestFields, SOCKET_PATH } from '../../unit/api/wire/frame-kit';

/**
 * What a count may be higher by, when one that is kept of each of thirty would show: the inotify descriptor that libuv
 * makes at the first watch of a file and keeps, and a connection that is just being closed.
 */
const slack = 2;
const atOnce = 5;
const rounds = 6;

describeOnHost('over many starts and execs', realContainers, () => {
  let host: TestHost;
  let figures: Figures;
  beforeEach(async () => {
    host = new TestHost();
    figures = await Figures.onFreePort();
    await host.startDaemon({ flags: ['--metrics-address', figures.address] });
    await host.create('stays', { args: ['sleep', '1000'] });
  });
  afterEach(async () => {
    await host.end().finally(() => host.cleanUp());
  });

  /** Starts containers and processes in `stays`, at once, and resolves when the ends of all have been told. */
  async function round(name: string): Promise<void> {
    const events = await host.events();
    const names = Array.from({ length: atOnce }, (_, index) => `${name}-${String(index)}`);
    await Promise.all(
      names.flatMap((one) => [
        host.create(one, { args: ['true'] }),
        host.client.addProcess({ id: 'stays', pid: one, args: ['true'], cwd: '/', env: ['PATH=/bin'] }),
      ]),
    );
    for (const one of names) {
      await events.untilExit(one);
      await events.untilExit('stays', one);
    }
    events.close();
  }

  test('neither descriptors nor watches nor files of daemon and shim add up', async () => {
    // What is made once, at the first of each.
    await round('first');
    const before = await counts();
    for (let index = 0; index < rounds; index += 1) await round(`round${String(index)}`);
    // An end is told a moment before daemon and shim have let go of all that was its own, and they tell nobody then.
    const tooLate = Date.now() + patienceMs;
    while (moreThan(before, await counts()).length > 0 && Date.now() < tooLate);
    expect(moreThan(before, await counts())).toEqual([]);
    expect(host.containerDirectories()).toEqual(['stays']);
    expect(readdirSync(join(host.stateDir, 'stays'))).not.toContainEqual(expect.stringMatching(/^(first|round)/));
  });

  type Counts = Record<'containers' | 'processes' | 'epoll' | 'descriptors' | 'shimDescriptors' | 'tasks' | 'starts', number>;

  function moreThan(before: Counts, after: Counts): string[] {
    const names = Object.keys(before) as (keyof Counts)[];
    return names.filter((name) => after[name] > before[name] + slack).map((name) => `${name}: ${String(before[name])}, then ${String(after[name])}`);
  }

  async function counts(): Promise<Counts> {
    const trash = join(`${host.stateDir}.holdfast`, 'trash');
    await untilIn(trash, () => readdirSync(trash).length === 0, 'an empty trash');
    const [shim] = processesNaming(`holdfast-shim --serve ${host.stateDir}`);
    const read = async (name: string): Promise<number> => figures.read(`holdfast_${name}`);
    return {
      containers: await read('containers'),
      processes: await read('processes'),
      epoll: await read('epoll_fds'),
      descriptors: await read('open_fds'),
      shimDescriptors: readdirSync(`/proc/${String(shim?.pid)}/fd`).length,
      tasks: await read('task_queue_length'),
      starts: await read('starts_running'),
    };
  }
});

const data = 0x0;
const resetStream = 0x3;
const ping = 0x6;
const windowUpdate = 0x8;
const state = '/types.API/State';
const one = Buffer.from([0, 0, 0, 1]);

/** A request whose body is still to come. */
const opened = (authority: string, path = state): Buffer => headers(1, encodeHeaderBlock(requestFields(path, authority)));
const subscription = (authority: string, streamId = 1): Buffer =>
  Buffer.concat([headers(streamId, encodeHeaderBlock(requestFields('/types.API/Events', authority))), message(streamId, Buffer.from(EventsRequest.encode(EventsRequest.fromPartial({})).finish()))]);
const many = (count: number, of: (index: number) => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, (_, index) => of(index)));

/** What a client sends after its greeting, until it leaves. */
const misbehaviours: Readonly<Record<string, (authority: string) => Buffer>> = {
  'says nothing': () => Buffer.alloc(0),
  'leaves in the middle of a request': opened,
  'leaves without its answer': (authority) => request(1, state, authority),
  'leaves its subscriptions': (authority) => many(5, (index) => subscription(authority, 2 * index + 1)),
  'leaves within a frame': (authority) => Buffer.concat([opened(authority), Buffer.from([0, 0, 100, data])]),
  'leaves within a header block': (authority) => Buffer.concat([request(1, state, authority), frame(FrameType.headers, 0, 3, Buffer.alloc(3))]),
  'says goodbye and sends on': (authority) => Buffer.concat([subscription(authority), frame(FrameType.goaway, 0, 0, Buffer.alloc(8)), request(3, state, authority)]),
  'sends DATA on an idle stream': (authority) => Buffer.concat([opened(authority), frame(data, 0, 5, Buffer.from('x'))]),
  'sends DATA on an idle stream beside its subscription': (authority) => Buffer.concat([subscription(authority), frame(data, 0, 5, Buffer.from('x'))]),
  'sends DATA on an idle stream, and much more': (authority) =>
    Buffer.concat([opened(authority), frame(data, 0, 5, Buffer.from('x')), many(6, () => frame(data, 0, 1, Buffer.alloc(16_000)))]),
  'sends DATA on the connection itself': (authority) => Buffer.concat([opened(authority), frame(data, 0, 0, Buffer.from('x'))]),
  'sends DATA beyond its window': (authority) => Buffer.concat([opened(authority), many(20, () => frame(data, 0, 1, Buffer.alloc(16_000)))]),
  'resets an idle stream': (authority) => Buffer.concat([opened(authority), frame(resetStream, 0, 5, one)]),
  'resets what it has opened, over and over': (authority) =>
    many(50, (index) => Buffer.concat([request(2 * index + 1, state, authority), frame(resetStream, 0, 2 * index + 1, one)])),
  'sends a PING of four bytes': (authority) => Buffer.concat([opened(authority), frame(ping, 0, 0, one)]),
  'sends SETTINGS of four bytes': (authority) => Buffer.concat([opened(authority), frame(FrameType.settings, 0, 0, one)]),
  'sends SETTINGS out of range': (authority) => Buffer.concat([opened(authority), frame(FrameType.settings, 0, 0, Buffer.from('0004ffffffff', 'hex'))]),
  'opens a window by nothing': (authority) => Buffer.concat([opened(authority), frame(windowUpdate, 0, 0, Buffer.alloc(4))]),
  'opens the window of an idle stream': (authority) => Buffer.concat([opened(authority), frame(windowUpdate, 0, 5, one)]),
  'uses a stream number of the server': (authority) => Buffer.concat([opened(authority), request(2, state, authority)]),
  'uses a stream number twice': (authority) => Buffer.concat([request(3, state, authority), request(3, state, authority), request(1, state, authority)]),
  'acknowledges what nobody sent': (authority) => Buffer.concat([opened(authority), many(5, () => frame(FrameType.settings, FrameFlag.ack, 0, Buffer.alloc(0)))]),
  'sends a message that is none': (authority) => Buffer.concat([opened(authority), frame(data, FrameFlag.endStream, 1, Buffer.alloc(20, 0xff))]),
  'asks for what there is not': (authority) => request(1, '/no.such.Service/Method', authority),
  'sends a header block that is no HPACK': (authority) => Buffer.concat([request(1, state, authority), headers(3, Buffer.from([0xff]))]),
  'speaks another protocol': () => Buffer.from('GET / HTTP/1.1\r\nHost: docker\r\n\r\n'),
};

/** By `:authority`: the first is handed over as it is, the second repaired. */
const paths = ['localhost', SOCKET_PATH];
const manners = ['ends', 'is gone', 'ends, and stays until it is ended'] as const;
const clientsOfEach = 5;

describeOnHost('over clients that misbehave', realContainers, () => {
  let host: TestHost;
  let figures: Figures;
  beforeAll(async () => {
    host = new TestHost();
    figures = await Figures.onFreePort();
    await host.startDaemon({ flags: ['--metrics-address', figures.address] });
    await expectWorking(host, 'first');
    await misbehave(request(1, state, paths[0]), 'is gone');
  });
  afterAll(() => host.cleanUp());

  /** Resolves when the client has sent all that the server takes, and is gone for its part. */
  function misbehave(bytes: Buffer, manner: (typeof manners)[number]): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ path: host.socketPath, allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(greeting());
      const leave = (): void => {
        if (manner === 'is gone') socket.destroy();
        else socket.end();
        // A client that waits for the server to close waits for what is to be shown here.
        if (manner === 'ends') socket.once('finish', () => socket.destroy());
      };
      socket.once('close', () => { resolve(); });
      if (manner === 'is gone') socket.write(bytes, leave);
      else {
        socket.write(bytes);
        leave();
      }
      if (manner === 'ends, and stays until it is ended') socket.once('end', () => socket.destroy());
    });
  }

  test.each(Object.entries(misbehaviours))('one that %s leaves no descriptor and no cursor', async (_title, bytesFor) => {
    const before = await figures.read('holdfast_open_fds');
    const all = paths.flatMap((authority) => manners.map((manner) => ({ bytes: bytesFor(authority), manner })));
    await Promise.all(all.flatMap(({ bytes, manner }) => Array.from({ length: clientsOfEach }, () => misbehave(bytes, manner))));
    const tooLate = Date.now() + patienceMs;
    const kept = async (): Promise<number> => (await figures.read('holdfast_open_fds')) - before;
    while ((await kept()) > slack && Date.now() < tooLate);
    expect(await kept()).toBeLessThanOrEqual(slack);
    await figures.until('holdfast_event_subscribers', 0);
  });

  test('and all the while it serves the others', async () => {
    await expectWorking(host, 'afterwards');
  });
});
