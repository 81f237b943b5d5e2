import { orAborted, withDeadline } from '../../../src/worker/deadline';
import { WorkError } from '../../../src/worker/errors';

const never = new AbortController().signal;
/** Work that goes on until its signal is aborted, and then ends with the reason. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
  });

describe('a deadline', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  test('leaves alone what ends in time', async () => {
    expect(await withDeadline(1000, never, () => Promise.resolve('done'))).toBe('done');
    await expect(withDeadline(1000, never, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });

  test("ends what does not, in the contract's words", async () => {
    const outcome = withDeadline(1000, never, untilAborted);
    const expected = expect(outcome).rejects.toMatchObject({
      code: 'start-timeout',
      message: 'containerd: container did not start before the specified timeout',
    });
    await jest.advanceTimersByTimeAsync(1000);
    await expected;
  });

  test('of 0 is none', async () => {
    const caller = new AbortController();
    const outcome = withDeadline(0, caller.signal, untilAborted);
    const expected = expect(outcome).rejects.toMatchObject({ code: 'cancelled' });
    await jest.advanceTimersByTimeAsync(1e9);
    caller.abort();
    await expected;
  });

  test("passes the caller's own end on, also one that came before", async () => {
    const caller = new AbortController();
    const outcome = withDeadline(1000, caller.signal, untilAborted);
    caller.abort();
    await expect(outcome).rejects.toMatchObject({ code: 'cancelled' });
    await expect(withDeadline(1000, caller.signal, untilAborted)).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('waits until the work has ended by itself', async () => {
    let undone: (value: string) => void = () => undefined;
    const outcome = withDeadline(10, never, () => new Promise<string>((resolve) => (undone = resolve)));
    await jest.advanceTimersByTimeAsync(1000);
    undone('undone');
    expect(await outcome).toBe('undone');
  });

  test('orAborted gives up waiting, and lets the work go on', async () => {
    const caller = new AbortController();
    const outcome = orAborted(caller.signal, new Promise<never>(() => undefined));
    caller.abort(new WorkError('start-timeout'));
    await expect(outcome).rejects.toMatchObject({ code: 'start-timeout' });
    await expect(orAborted(caller.signal, Promise.resolve(1))).rejects.toMatchObject({ code: 'start-timeout' });
    expect(await orAborted(never, Promise.resolve(1))).toBe(1);
  });
});
