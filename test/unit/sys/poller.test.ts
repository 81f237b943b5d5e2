import { once } from 'node:events';
import { closeSync, openSync, writeSync, readSync, writeFileSync, constants } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChildReaper } from '../../../src/sys/process/children';
import { createEventFd, mkfifo } from '../../../src/sys/files/files';
import type { PollEvents, Watch } from '../../../src/sys/poller';
import { socketFd } from '../../../src/sys/sockets/sockets';
import { Scratch, countDescriptors, deferred, errorOf, pollerWithErrors } from './resources';

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const SEND_URGENT = `
import signal, socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.send(b"!", socket.MSG_OOB)
signal.pause()
`;
const ONE = Buffer.from(BigUint64Array.of(1n).buffer);

describe('Poller', () => {
  let scratch: Scratch;
  let before: number;
  let context: ReturnType<typeof pollerWithErrors>;
  const fds: number[] = [];

  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
  });

  afterEach(async () => {
    context.poller.close();
    context.poller.close();
    for (const fd of fds.splice(0)) closeSync(fd);
    scratch.remove();
    expect(await countDescriptors()).toBe(before);
  });

  /** Opens a descriptor that is closed after the test. */
  function own(fd: number): number {
    fds.push(fd);
    return fd;
  }

  function fifo(name: string): string {
    mkfifo(scratch.file(name), 0o600);
    return scratch.file(name);
  }

  /** The next events of a descriptor; the watch ends with them. */
  function eventsOf(fd: number, interest: Parameters<typeof context.poller.watch>[1]): Promise<PollEvents> {
    const told = deferred<PollEvents>();
    const watch: Watch = context.poller.watch(fd, interest, (events) => {
      watch.close();
      told.resolve(events);
    });
    return told.promise;
  }

  /** Whether an eventfd added now is told of first: what was ready before it would have been told too. */
  async function settled(): Promise<void> {
    const fd = createEventFd();
    writeSync(fd, ONE);
    await eventsOf(fd, { in: true });
    closeSync(fd);
  }

  test('tells where the other end of a socket has finished sending, and may still read', async () => {
    const server = createServer({ allowHalfOpen: true }).listen(scratch.file('s.sock'));
    await once(server, 'listening');
    const client = connect({ path: scratch.file('s.sock'), allowHalfOpen: true });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const told = eventsOf(socketFd(accepted) ?? -1, { peerEnd: true });
    client.end();
    expect(await told).toMatchObject({ hup: false });
    for (const socket of [client, accepted]) {
      socket.destroy();
      await once(socket, 'close');
    }
    server.close();
    await once(server, 'close');
  });

  test('a FIFO hangs up when the last writer is gone, asked for or not', async () => {
    const path = fifo('exit');
    const reader = own(openSync(path, READ));
    const writer = openSync(path, 'w');
    const second = openSync(path, 'w');
    const told = eventsOf(reader, {});
    closeSync(writer);
    await settled();
    expect(context.poller.size).toBe(1);
    closeSync(second);
    expect(await told).toEqual({ in: false, out: false, pri: false, hup: true, err: false });
  });

  test('a FIFO whose reader came before any writer does not hang up', async () => {
    const path = fifo('exit');
    const told: PollEvents[] = [];
    const watch = context.poller.watch(own(openSync(path, READ)), {}, (events) => told.push(events));
    await settled();
    expect(told).toEqual([]);
    closeSync(openSync(path, 'w'));
    await settled();
    expect(told[0]).toMatchObject({ hup: true });
    watch.close();
  });

  test('bytes and the hang-up behind them come together, where asked for', async () => {
    const path = fifo('exit');
    const reader = own(openSync(path, READ));
    writeFileSync(path, 'bytes');
    expect(await eventsOf(reader, { in: true })).toMatchObject({ in: true, hup: true });
    expect(await eventsOf(reader, {})).toMatchObject({ in: false, hup: true });
  });

  test('room to write', async () => {
    const keeper = own(openSync(fifo('stdin'), constants.O_RDWR | constants.O_NONBLOCK));
    expect(await eventsOf(keeper, { out: true })).toMatchObject({ in: false, out: true });
    writeSync(keeper, Buffer.alloc(65536));
    expect(await eventsOf(keeper, { in: true, out: true })).toMatchObject({ in: true, out: false });
  });

  test('the reader is gone', async () => {
    const path = fifo('stdout');
    const reader = openSync(path, READ);
    const writer = own(openSync(path, 'w'));
    closeSync(reader);
    expect(await eventsOf(writer, {})).toMatchObject({ err: true });
  });

  test('urgent data of a socket', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address() as AddressInfo;
    const reaper = new ChildReaper(context.poller);
    const sender = reaper.spawn({ file: 'python3', args: ['-c', SEND_URGENT, String(address.port)] });
    const [peer] = (await once(server, 'connection')) as [Socket];
    expect(await eventsOf(socketFd(peer) ?? -1, { pri: true })).toMatchObject({ pri: true, out: false });
    peer.destroy();
    server.close();
    await once(server, 'close');
    sender.kill(9);
    await sender.exited;
    reaper.close();
  });

  test('an eventfd is reported as long as it is not read, by edge once', async () => {
    const counter = own(createEventFd());
    const told: PollEvents[] = [];
    const byLevel = context.poller.watch(counter, { in: true }, (events) => told.push(events));
    writeSync(counter, ONE);
    await settled();
    await settled();
    expect(told.length).toBeGreaterThan(1);
    byLevel.close();

    told.length = 0;
    const byEdge = context.poller.watch(counter, { in: true, edge: true }, (events) => told.push(events));
    await settled();
    await settled();
    expect(told).toHaveLength(1);
    writeSync(counter, ONE);
    await settled();
    expect(told).toHaveLength(2);
    byEdge.close();
  });

  test('a thousand descriptors, all ready at once', async () => {
    const told = new Set<number>();
    const all = deferred<undefined>();
    const counters = Array.from({ length: 1000 }, () => own(createEventFd()));
    for (const counter of counters) {
      context.poller.watch(counter, { in: true }, () => {
        readSync(counter, Buffer.alloc(8));
        told.add(counter);
        if (told.size === counters.length) all.resolve(undefined);
      });
      writeSync(counter, ONE);
    }
    expect(context.poller.size).toBe(1000);
    await all.promise;
  });

  test('an exception in a callback reaches onError and disturbs nobody else', async () => {
    const failure = new Error('from a callback');
    const [bad, good] = [own(createEventFd()), own(createEventFd())];
    writeSync(bad, ONE);
    context.poller.watch(bad, { in: true, edge: true }, () => {
      throw failure;
    });
    writeSync(good, ONE);
    expect(await eventsOf(good, { in: true })).toMatchObject({ in: true });
    expect(context.errors).toEqual([failure]);
  });

  test('a callback may close the watch of another one that is ready too', async () => {
    const [first, second] = [own(createEventFd()), own(createEventFd())];
    const told: string[] = [];
    const watches: Watch[] = [];
    const closeAll = (name: string) => () => {
      told.push(name);
      for (const watch of watches) watch.close();
    };
    writeSync(first, ONE);
    writeSync(second, ONE);
    watches.push(context.poller.watch(first, { in: true }, closeAll('first')));
    watches.push(context.poller.watch(second, { in: true }, closeAll('second')));
    await settled();
    expect(told).toHaveLength(1);
    expect(context.poller.size).toBe(0);
  });

  test('an event never reaches the next descriptor of the same number', async () => {
    const [first, second] = [createEventFd(), createEventFd()];
    const told: string[] = [];
    let next: Watch | undefined;
    const reuse = (own: number, watch: () => Watch, other: () => Watch, otherFd: number) => () => {
      told.push('old');
      watch().close();
      other().close();
      closeSync(otherFd);
      fds.push(createEventFd());
      expect(fds.at(-1)).toBe(otherFd);
      next = context.poller.watch(otherFd, { in: true }, () => told.push('new'));
      closeSync(own);
    };
    writeSync(first, ONE);
    writeSync(second, ONE);
    const one: Watch = context.poller.watch(first, { in: true }, reuse(first, () => one, () => two, second));
    const two: Watch = context.poller.watch(second, { in: true }, reuse(second, () => two, () => one, first));
    await settled();
    expect(told).toEqual(['old']);
    next?.close();
  });

  test('a descriptor closed before its watch does not harm the next one of its number', async () => {
    const first = createEventFd();
    const stale = context.poller.watch(first, { in: true }, () => undefined);
    closeSync(first);
    const second = own(createEventFd());
    expect(second).toBe(first);
    const told = eventsOf(second, { in: true });
    stale.close();
    expect(context.poller.size).toBe(1);
    writeSync(second, ONE);
    expect(await told).toMatchObject({ in: true });
  });

  test('refuses what epoll refuses', () => {
    const counter = own(createEventFd());
    const file = own(openSync(scratch.file('file'), 'w'));
    const watching = (fd: number) => () => context.poller.watch(fd, {}, () => undefined);
    watching(counter)();
    expect(errorOf(watching(counter))).toMatchObject({ code: 'EEXIST', syscall: 'epoll_ctl' });
    expect(errorOf(watching(file))).toMatchObject({ code: 'EPERM' });
    expect(errorOf(watching(9999))).toMatchObject({ code: 'EBADF' });
    expect(context.poller.size).toBe(1);
    context.poller.close();
    expect(errorOf(watching(counter))).toMatchObject({ code: 'EBADF' });
  });

  test('tells nothing after close', async () => {
    const counter = own(createEventFd());
    const told: PollEvents[] = [];
    const watch = context.poller.watch(counter, { in: true }, (events) => told.push(events));
    writeSync(counter, ONE);
    context.poller.close();
    expect(context.poller.size).toBe(0);
    watch.close();
    await nextTurn();
    await nextTurn();
    expect(told).toEqual([]);
  });
});
