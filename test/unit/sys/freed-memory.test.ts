import { FreedMemory } from '../../../src/sys/freed-memory';
import { libc } from '../../../src/sys/native';

describe('freed memory', () => {
  let given = 0;
  let freed: FreedMemory;
  beforeEach(() => {
    jest.useFakeTimers();
    given = 0;
    freed = new FreedMemory(() => { given += 1; });
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

  test('is kept as long as something is done all the time', () => {
    for (let done = 0; done < 1000; done++) {
      freed.leave();
      jest.advanceTimersByTime(100);
    }
    expect(given).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(given).toBe(1);
  });

  test('is kept by a program that ends', () => {
    freed.leave();
    freed.close();
    freed.leave();
    jest.advanceTimersByTime(60_000);
    expect(given).toBe(0);
  });
});

test('the C library gives it back', () => {
  expect(libc.mallocTrim?.(0) ?? 0).toBeGreaterThanOrEqual(0);
});
