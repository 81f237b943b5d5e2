import { join, resolve } from 'node:path';

import { binDirectory } from './daemon-process';
import type { SeenProcess } from './processes';
import { ShimClient } from './shim-host';
import { shimsOf } from './shims';
import type { TestHost } from './test-host';

/**
 * Has each shim go on as the program that it is already, as a daemon of a newer version has it go on as that one's.
 * @returns how many have; the others were busy, or died over it
 */
export async function upgradeShims(host: TestHost): Promise<number> {
  const outcomes = await Promise.allSettled(shimsOf(host).map((shim) => upgradeShim(host, shim)));
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

/** The same of one. Rejects with a ShimRefusal where it goes on as it was. */
export async function upgradeShim(host: TestHost, { commandLine }: SeenProcess): Promise<void> {
  const command = [process.execPath, '--max-semi-space-size=2', '--v8-pool-size=1', resolve(binDirectory, 'holdfast-shim')];
  const [, name = ''] = / --name (\S+)/.exec(commandLine) ?? [];
  const client = await ShimClient.connect(join(host.stateDir, `holdfast-shim-${name}.sock`));
  try {
    const died = client.closed.then(() => {
      throw new Error('the shim has died');
    });
    await Promise.race([client.request('upgrade', { command }), died]);
  } finally {
    client.close();
  }
}
