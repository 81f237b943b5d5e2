import { Channel } from '../../../src/supervisor/channel';

async function drain<T>(channel: Channel<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of channel) taken.push(item);
  return taken;
}

describe('the channel', () => {
  test('gives what was put in, in order, and ends once it is closed and empty', async () => {
    const channel = new Channel<number>(10);
    expect(channel.offer(1)).toBe(true);
    channel.post(2);
    expect(channel.offer(3)).toBe(true);
    expect(channel.length).toBe(3);
    channel.close();
    expect(await drain(channel)).toEqual([1, 2, 3]);
    expect(channel.length).toBe(0);
  });

  test('refuses what comes from outside once it is full, and takes it again when there is room', async () => {
    const channel = new Channel<string>(2);
    expect([channel.offer('a'), channel.offer('b'), channel.offer('c')]).toEqual([true, true, false]);
    const items = channel[Symbol.asyncIterator]();
    expect((await items.next()).value).toBe('a');
    expect(channel.offer('d')).toBe(true);
    expect((await items.next()).value).toBe('b');
    expect((await items.next()).value).toBe('d');
  });

  test('never refuses what happens inside, full or closed', async () => {
    const channel = new Channel<number>(1);
    for (let item = 0; item < 5; item += 1) channel.post(item);
    channel.close();
    expect(channel.offer(99)).toBe(false);
    channel.post(5);
    expect(await drain(channel)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('wakes a consumer that waits', async () => {
    const channel = new Channel<number>(1);
    const taken = drain(channel);
    await Promise.resolve();
    channel.post(1);
    await Promise.resolve();
    channel.post(2);
    channel.close();
    expect(await taken).toEqual([1, 2]);
  });

  test('takes what its consumer posts while it handles an item', async () => {
    const channel = new Channel<number>(1);
    channel.post(3);
    const taken: number[] = [];
    for await (const item of channel) {
      taken.push(item);
      if (item > 0) channel.post(item - 1);
      else channel.close();
    }
    expect(taken).toEqual([3, 2, 1, 0]);
  });

  test('keeps the order over many thousands, partly taken', async () => {
    const channel = new Channel<number>(20_000);
    const items = channel[Symbol.asyncIterator]();
    let put = 0;
    for (let expected = 0; expected < 10_000; expected += 1) {
      while (put <= expected * 2 && put < 10_000) channel.offer(put++);
      expect((await items.next()).value).toBe(expected);
    }
    expect(channel.length).toBe(0);
  });
});
