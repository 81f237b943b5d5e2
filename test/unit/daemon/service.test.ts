import { aliveIntervalMs } from '../../../src/daemon/service';

test.each([
  ['30 s', { WATCHDOG_USEC: '30000000' }, 15_000],
  ['for this process', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
  ['for another one', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, undefined],
  ['next to nothing', { WATCHDOG_USEC: '1' }, 1],
  ['longer than a timer lasts', { WATCHDOG_USEC: '9999999999999999' }, 2 ** 31 - 1],
  ['off', { WATCHDOG_USEC: '0' }, undefined],
  ['no number', { WATCHDOG_USEC: 'soon' }, undefined],
  ['nothing', {}, undefined],
])('a watchdog of %s', (_what, variables, intervalMs) => {
  expect(aliveIntervalMs(variables, 7)).toBe(intervalMs);
});
