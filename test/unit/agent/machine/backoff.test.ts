import { failuresWithNow, isBeyondLimit, pauseMs } from '../../../../src/agent/machine/backoff';
import { deadlineIn, msUntil } from '../../../../src/agent/machine/clocks';
import { fc } from '../../../support/property';
import { defaults, later, policies, start } from './policies';

describe('the pause before a new start', () => {
  test('doubles up to the cap', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 2000].map((failures) => pauseMs(defaults.restart, failures, 0.5));
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('is never further from that than the jitter says, and is a number whatever has failed how often', () => {
    fc.assert(fc.property(policies, fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true }), ({ restart }, failures, random) => {
      const middle = Math.min(restart.maxMs, restart.initialMs === 0 ? 0 : restart.initialMs * restart.factor ** failures);
      const pause = pauseMs(restart, failures, random);
      expect(Math.abs(pause - middle)).toBeLessThanOrEqual(middle * restart.jitter + 0.5);
      expect(pause).toBeGreaterThanOrEqual(0);
    }));
  });
});

test('the limit counts what failed within its time, and keeps no more than it needs', () => {
  const restart = { ...defaults.restart, limit: { count: 2, withinMs: 10_000 } };
  let failures = failuresWithNow(restart, [], start);
  failures = failuresWithNow(restart, failures, later(start, 9000));
  expect(isBeyondLimit(restart, failures)).toBe(false);
  expect(isBeyondLimit(restart, failuresWithNow(restart, failures, later(start, 9999)))).toBe(true);
  expect(isBeyondLimit(restart, failuresWithNow(restart, failures, later(start, 10_000)))).toBe(false);
  for (let i = 0; i < 100; i++) failures = failuresWithNow(restart, failures, later(start, 9000));
  expect(failures).toHaveLength(3);
});

describe('a deadline', () => {
  test('does not heed the wall clock in the boot that it was set in', () => {
    fc.assert(fc.property(fc.nat(100_000), fc.nat(200_000), fc.integer(), (span, passed, clockStep) => {
      const now = { ...later(start, passed), wallMs: start.wallMs + passed + clockStep };
      expect(msUntil(deadlineIn(start, span), now)).toBe(Math.max(0, span - passed));
    }));
  });

  test('goes by the wall clock after another boot, and is never further away than it was', () => {
    const deadline = deadlineIn(start, 30_000);
    const rebooted = { bootId: 'boot-2', bootMs: 1000 };
    expect(msUntil(deadline, { ...rebooted, wallMs: start.wallMs + 20_000 })).toBe(10_000);
    expect(msUntil(deadline, { ...rebooted, wallMs: start.wallMs + 40_000 })).toBe(0);
    expect(msUntil(deadline, { ...rebooted, wallMs: 0 })).toBe(30_000);
  });
});
