import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { readNetworkFigures } from '../../../../src/runtime/cgroups/network';
import { expectGone } from './expect-gone';
import { copyRecordedTree } from './recorded-tree';

describe('readNetworkFigures', () => {
  test('every interface, exact, with and without a space after the colon', () => {
    const tree = copyRecordedTree('v1');
    try {
      const [lo, eth0, eth1, ...others] = readNetworkFigures(4242, tree.procRoot);
      expect(lo).toMatchObject({ name: 'lo', rxBytes: 168n, txPackets: 2n });
      expect(eth0).toEqual({
        name: 'eth0',
        rxBytes: 1843320n,
        rxPackets: 1530n,
        rxErrors: 1n,
        rxDropped: 2n,
        txBytes: 104512n,
        txPackets: 1211n,
        txErrors: 6n,
        txDropped: 7n,
      });
      expect(eth1).toMatchObject({ name: 'eth1:123', rxBytes: 9223372036854775908n, rxPackets: 18446744073709551615n });
      expect(others).toEqual([]);
      expectGone(() => readNetworkFigures(4243, tree.procRoot));
    } finally {
      tree.remove();
    }
  });

  test('this process, and one that has ended', async () => {
    expect(readNetworkFigures(process.pid).map(({ name }) => name)).toContain('lo');
    const child = spawn('true', { stdio: 'ignore' });
    await once(child, 'exit');
    expectGone(() => readNetworkFigures(child.pid ?? 0));
  });
});
