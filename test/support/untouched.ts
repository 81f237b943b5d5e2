import { existsSync, readdirSync } from 'node:fs';

import { processesInCgroup } from './processes';
import type { TestHost } from './test-host';

/**
 * Expects a daemon that is well and knows no container, and no trace of one on disk, in the runtime or
 * among the processes: what must be so when a failed start has been answered.
 */
export async function expectUntouched(host: TestHost): Promise<void> {
  expect(await host.client.isServing()).toBe(true);
  expect((await host.client.state()).containers).toEqual([]);
  expect(host.containerDirectories()).toEqual([]);
  expect(existsSync(host.runtimeRoot) ? readdirSync(host.runtimeRoot) : []).toEqual([]);
  expect(processesInCgroup(host.cgroup)).toEqual([]);
}

/** Expects that the daemon starts and ends containers as ever. */
export async function expectWorking(host: TestHost, id = 'afterwards'): Promise<void> {
  const events = await host.events();
  const from = events.position;
  await host.create(id, { args: ['sh', '-c', 'exit 5'] });
  expect((await events.untilExit(id, 'init', { from })).status).toBe(5);
  events.close();
}
