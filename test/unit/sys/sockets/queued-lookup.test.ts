import { stat } from 'node:fs';
import { type AddressInfo, type LookupFunction, type Socket, connect, createServer, getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { once } from 'node:events';

import { queuedLookup, waitForFirstAddress } from '../../../../src/sys/sockets/queued-lookup';

const found = (lookup: LookupFunction, name: string, options: { readonly all?: boolean; readonly family?: number }): Promise<unknown> =>
  new Promise((resolve) => { lookup(name, options, (error, address, family) => { resolve(error ?? (family === undefined ? address : [address, family])); }); });

describe('the lookup of names for health checks', () => {
  test('localhost is known while a name server does not answer', async () => {
    const asked: string[] = [];
    // A name server that hangs is what cannot be had.
    const lookup = queuedLookup((name) => { asked.push(name); });
    void found(lookup, 'db.example', {});
    void found(lookup, 'other.example', {});
    void found(lookup, 'third.example', {});
    expect(await found(lookup, 'localhost', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]);
    expect(await found(lookup, 'LOCALHOST', {})).toEqual(['127.0.0.1', 4]);
    expect(await found(lookup, 'localhost', { family: 6 })).toEqual(['::1', 6]);
    // No more at once: each has a thread of the pool.
    expect(asked).toEqual(['db.example', 'other.example']);
  });

  test('two names that hang the first time hold a third up for no longer than it takes to see that', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const asked: string[] = [];
      const lookup = queuedLookup((name, _options, answer) => {
        asked.push(name);
        if (!name.startsWith('dead')) process.nextTick(() => { answer(null, '1.0.0.1', 4); });
      });
      for (const name of ['dead-1', 'dead-2']) void found(lookup, name, {});
      const [third, fourth] = [found(lookup, 'third', {}), found(lookup, 'fourth', {})];
      expect(asked).toEqual(['dead-1', 'dead-2']);
      await jest.advanceTimersByTimeAsync(1000);
      expect(await Promise.all([third, fourth])).toEqual([['1.0.0.1', 4], ['1.0.0.1', 4]]);
      // Three at once, and no more: the pool has four threads, and files need one.
      for (const name of ['dead-3', 'dead-4', 'dead-5']) void found(lookup, name, {});
      await jest.advanceTimersByTimeAsync(5000);
      expect(asked).toEqual(['dead-1', 'dead-2', 'third', 'fourth', 'dead-3']);
    } finally {
      jest.useRealTimers();
    }
  });

  test('names that nobody answers for wait for one another, and no other name for them', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const hanging: ((address: string) => void)[] = [];
      const asked: string[] = [];
      const lookup = queuedLookup((name, _options, answer) => {
        asked.push(name);
        if (name.startsWith('dead')) hanging.push((address) => { answer(null, address, 4); });
        else process.nextTick(() => { answer(null, '1.0.0.1', 4); });
      });
      const round = async (): Promise<readonly Promise<unknown>[]> => {
        const both = ['dead-1', 'dead-2'].map((name) => found(lookup, name, {}));
        await jest.advanceTimersByTimeAsync(2000);
        return both;
      };
      const first = await round();
      for (const answer of hanging.splice(0)) answer('2.0.0.1');
      expect(await Promise.all(first)).toEqual([['2.0.0.1', 4], ['2.0.0.1', 4]]);
      const second = await round();
      expect(await found(lookup, 'well', {})).toEqual(['1.0.0.1', 4]);
      expect(asked).toEqual(['dead-1', 'dead-2', 'dead-1', 'well']);
      while (hanging.length > 0) {
        hanging.shift()?.('3.0.0.1');
        await jest.advanceTimersByTimeAsync(0);
      }
      expect(await Promise.all(second)).toEqual([['3.0.0.1', 4], ['3.0.0.1', 4]]);
    } finally {
      jest.useRealTimers();
    }
  });
});

test('a server that has answered while this thread was busy is connected to', async () => {
  const before = getDefaultAutoSelectFamilyAttemptTimeout();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  waitForFirstAddress();
  try {
    // In a callback of the loop's: what it hears of next are its timers, and then its sockets.
    const socket = await new Promise<Socket>((resolve) => {
      stat('/', () => {
        resolve(connect({ host: 'localhost', port, lookup: queuedLookup() }));
        // The lookup comes before that, and Node's timer with it. Longer than Node waits by itself.
        process.nextTick(() => { process.nextTick(() => { process.nextTick(() => { hold(400); }); }); });
      });
    });
    await once(socket, 'connect');
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  } finally {
    setDefaultAutoSelectFamilyAttemptTimeout(before);
    server.close();
    await once(server, 'close');
  }
});

/** Does nothing else for so long. */
function hold(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
