import { FreedMemory } from '../../../src/sys/freed-memory';
import { libc } from '../../../src/sys/native';

describe('freed memory', () => {
  let given = 0;
  let looked = 0;
  /** Whether there is something to collect. */
  let isWorthwhile = false;
  let freed: FreedMemory;
  beforeEach(() => {
    jest.useFakeTimers();
    given = looked = 0;
    isWorthwhile = false;
    const collect = (): boolean => (looked += 1) > 0 && isWorthwhile;
    freed = new FreedMemory(() => { given += 1; }, { collect });
  });
  afterEach(() => {
    freed.close();
    jest.useRealTimers();
  });

  test('is given back once, when nothing has been done for a while', () => {
    freed.leave();
    expect(given).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(given).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
    freed.leave();
    jest.advanceTimersByTime(60_000);
    expect(given).toBe(2);
  });

  test('is given back again, when it has been quiet for longer and garbage has been collected', () => {
    isWorthwhile = true;
    freed.leave();
    while (given === 0) jest.advanceTimersToNextTimer();
    expect(looked).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect([looked, given, jest.getTimerCount()]).toEqual([1, 2, 0]);
  });

  test('is kept as long as something is done all the time', () => {
    for (let done = 0; done < 1000; done++) {
      freed.leave();
      jest.advanceTimersByTime(100);
    }
    expect([looked, given]).toEqual([0, 0]);
    jest.advanceTimersByTime(60_000);
    expect(given).toBe(1);
  });

  test('is kept by a program that ends', () => {
    freed.leave();
    freed.close();
    freed.leave();
    jest.advanceTimersByTime(60_000);
    expect([looked, given]).toEqual([0, 0]);
  });
});

test('the C library gives it back', () => {
  expect(libc.mallocTrim?.(0) ?? 0).toBeGreaterThanOrEqual(0);
});
