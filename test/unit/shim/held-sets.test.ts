import { closeSync, openSync } from 'node:fs';

import { HeldSets } from '../../../src/shim/held-sets';
import { Poller } from '../../../src/sys/poller';
import { isOpen } from '../sys/resources';

const open = (): number => openSync('/dev/null', 'r');

describe('descriptors that a shim holds', () => {
  let poller: Poller;
  let empty: number;
  let held: HeldSets;
  beforeEach(() => {
    poller = new Poller((error) => { throw error; });
    empty = 0;
    held = new HeldSets(poller, () => { empty += 1; });
  });
  afterEach(() => { poller.close(); });

  test('are closed when they are released, or others are put in their place', () => {
    const [first, second] = [open(), open()];
    held.put({ name: 'web', note: '', fds: [first] });
    held.put({ name: 'web', note: '', fds: [second] });
    expect([isOpen(first), isOpen(second), empty]).toEqual([false, true, 0]);
    held.release('web');
    held.release('web');
    expect([isOpen(second), empty]).toEqual([false, 1]);
  });

  test('stay open for a launch that is being given them, whatever becomes of the name meanwhile', async () => {
    const [first, second] = [open(), open()];
    held.put({ name: 'web', note: '', fds: [first] });
    let finish: () => void = () => undefined;
    const launched = new Promise<void>((resolve) => { finish = resolve; });
    const launches = [1, 2].map(() => held.lend('web', async (fds) => {
      expect(fds).toEqual([first]);
      await launched;
      expect(isOpen(first)).toBe(true);
    }));
    held.put({ name: 'web', note: '', fds: [second] });
    held.release('web');
    expect([isOpen(first), isOpen(second)]).toEqual([true, false]);
    finish();
    await Promise.all(launches);
    expect(isOpen(first)).toBe(false);
    await held.lend('web', (fds) => Promise.resolve(expect(fds).toBeUndefined()));
  });

  test('are still held once a launch has had them, also one that failed', async () => {
    const fd = open();
    held.put({ name: 'web', note: '', fds: [fd] });
    await expect(held.lend('web', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(isOpen(fd)).toBe(true);
    held.release('web');
    expect(() => { closeSync(fd); }).toThrow('EBADF');
  });
});
