import { WallClock } from '../../../src/sys/wall-clock';

test('the time of day, finer than the milliseconds of Date.now() each time, and never back', () => {
  const clock = new WallClock();
  const before = BigInt(Date.now()) * 1_000_000n;
  const times = Array.from({ length: 50 }, () => clock.nowNs());
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  expect(times.every((time, at) => time >= (times[at - 1] ?? before) && time <= after)).toBe(true);
  // That the kernel's nanoseconds are a whole number of milliseconds happens once in a million times.
  expect(times.filter((time) => time % 1_000_000n === 0n).length).toBeLessThan(2);
});
