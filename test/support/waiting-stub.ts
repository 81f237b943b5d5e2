import { readProcStat } from '../../src/sys/process/process';
import type { HostPrograms } from './host-programs';
import { allProcesses, type SeenProcess } from './processes';
import { shimOf } from './shims';
import type { TestHost } from './test-host';
import { until } from './until';

/** The shells that wait for the host's next program: its shim's children. */
export function waitingStubsOf(host: TestHost): SeenProcess[] {
  const shim = shimOf(host);
  return allProcesses().filter(({ pid, commandLine }) => commandLine.includes('holdfast-waiting-stub') && readProcStat(pid)?.parentPid === shim.pid);
}

/** Runs a program, after which one waits for the next. @returns it, once it does */
export async function stubThatWaits(host: TestHost, programs: HostPrograms, name = 'before'): Promise<SeenProcess> {
  await programs.run(name, { args: ['true'] });
  await programs.wait(name);
  await programs.delete(name);
  const [stub] = await until('a stub that waits', () => waitingStubsOf(host), ({ length }) => length === 1);
  if (stub === undefined) throw new Error('there is none');
  return stub;
}
