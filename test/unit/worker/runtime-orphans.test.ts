import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';

import { endRuntimeCallsOf } from '../../../src/worker/runtime-orphans';
import { processOf } from '../../support/processes';

test.each([
  ['names the process directory', '/nowhere/box/init/pid'],
  ['goes by the arguments of a dead shim', 'dead-shim-1'],
])('a call that %s is waited for', async (_title, argument) => {
  const call = spawn('sh', ['-c', 'read line', argument], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(call, 'spawn');
  let hasEnded = false;
  const ended = endRuntimeCallsOf('/nowhere/box/init', ['dead-shim-1']).then(() => (hasEnded = true));
  await turn();
  expect(hasEnded).toBe(false);
  call.stdin.end('\n');
  await ended;
  expect(call.pid === undefined ? undefined : processOf(call.pid)).toBeUndefined();
});

test('with no call under way there is nothing to wait for', async () => {
  await endRuntimeCallsOf('/nowhere/box/init', []);
});
