import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { readProcStat } from '../../src/sys/process/process';
import { processesNaming, signalExactly, waitForExit } from './processes';
import type { SeenProcess } from './processes';
import type { TestHost } from './test-host';

/** The host's shims that serve any number of containers. */
export function shimsOf(host: TestHost): SeenProcess[] {
  const found = processesNaming(`--serve ${host.stateDir} `);
  // What it starts goes by its arguments until the execve(2) (vfork(2)).
  return found.filter(({ pid }) => !found.some((shim) => shim.pid === readProcStat(pid)?.parentPid));
}

/** The one shim that the host has. */
export function shimOf(host: TestHost): SeenProcess {
  const [shim, ...others] = shimsOf(host);
  if (shim === undefined || others.length > 0) throw new Error(`not one shim: ${JSON.stringify([shim, ...others])}`);
  return shim;
}

/** SIGKILLs the shims, and waits for their ends. */
export async function killShims(host: TestHost): Promise<void> {
  const shims = shimsOf(host);
  if (shims.length === 0) throw new Error('there is no shim');
  for (const shim of shims) signalExactly(shim, 'SIGKILL');
  await Promise.all(shims.map((shim) => waitForExit(shim.pid)));
}

/** Asks the shims to end, which one does that has nothing left, and waits for that. @throws DeadlineError where one has something, or is stuck */
export async function endShims(host: TestHost): Promise<void> {
  const shims = shimsOf(host);
  for (const shim of shims) signalExactly(shim, 'SIGTERM');
  await Promise.all(shims.map((shim) => waitForExit(shim.pid)));
}

/** The processes that copy between FIFOs and plain files. */
export function copiersOf(host: TestHost): SeenProcess[] {
  return processesNaming(`--copier ${host.stateDir}`);
}

/** SIGKILLs them, and waits for their ends. */
export async function killCopiers(host: TestHost): Promise<void> {
  const copiers = copiersOf(host);
  if (copiers.length === 0) throw new Error('there is no copier');
  for (const copier of copiers) signalExactly(copier, 'SIGKILL');
  await Promise.all(copiers.map((copier) => waitForExit(copier.pid)));
}

/** Daemon and shims dead, and nobody between the two deaths who could do anything about the other. */
export async function killDaemonAndShims(host: TestHost): Promise<void> {
  const shims = shimsOf(host);
  host.daemon.kill('SIGSTOP');
  await killShims(host);
  await host.stopDaemon('SIGKILL');
  if (shims.some((shim) => shimsOf(host).some((one) => one.pid === shim.pid))) throw new Error('a shim lives on');
}

/** Takes away what was set aside, and says of what (container, or container-process). */
export function removeSetAside(host: TestHost): string[] {
  const place = join(`${host.stateDir}.holdfast`, 'set-aside');
  if (!existsSync(place)) return [];
  const names = readdirSync(place).map((name) => name.replace(/-\d{4}-\d\d-\d\dT.*$/, ''));
  rmSync(place, { recursive: true });
  return names.sort();
}
