import { LoopDelay } from '../../../../src/daemon/metrics/loop-delay';

/** Long enough for the next wake-up of the histogram's own timer. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 30));

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('what holds the loop up shows, without the time between two looks, and once', async () => {
  const delay = new LoopDelay();
  await turn();
  block(200);
  await turn();
  const held = delay.read();
  expect(held.max).toBeGreaterThan(0.1);
  expect(held.max).toBeLessThan(5);
  // It is not in a later look, though another hold-up, of a busy machine, may be in the next one.
  do await turn();
  while (delay.read().max >= held.max);
  delay.close();
});
