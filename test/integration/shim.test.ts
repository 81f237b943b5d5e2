import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describeOnHost, realContainers } from '../support/requires';
import { ShimHost } from '../support/shim-host';

describeOnHost('holdfast-shim --serve', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('tells the exit status of a process, and has deleted its container by then', async () => {
    const init = await host.run('code', { args: ['sh', '-c', 'exit 7'] });
    expect(await init.untilExit()).toBe(7);
    expect(existsSync(join(host.test.runtimeRoot, 'code'))).toBe(false);
    expect(await host.listed()).toEqual([]);
  });
});
