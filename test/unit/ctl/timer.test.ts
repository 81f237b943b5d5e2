import { after } from '../../../src/ctl/timer';

const dayMs = 86_400_000;

describe('a timer', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test.each([0, 10, 40, 400])('of %i days runs then, once, and not before', (days) => {
    const run = jest.fn();
    after(days * dayMs + 1, run);
    jest.advanceTimersByTime(days * dayMs);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(100 * dayMs);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test.each([10, 40])('of %i days that is stopped does not run, and leaves nothing', (days) => {
    const run = jest.fn();
    const stop = after(days * dayMs, run);
    jest.advanceTimersByTime((days - 1) * dayMs);
    stop();
    stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(100 * dayMs);
    expect(run).not.toHaveBeenCalled();
  });
});
