import { readFileSync } from 'node:fs';

import { secondsSinceBoot } from '../../../src/sys/boot';

test('the seconds since the boot are the kernel\'s own', () => {
  const before = secondsSinceBoot();
  const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  // It has hundredths, and no more.
  expect(uptime).toBeGreaterThan(before - 0.02);
  expect(uptime).toBeLessThanOrEqual(secondsSinceBoot());
});
