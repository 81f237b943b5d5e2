import { randomBytes } from 'node:crypto';
import { notRunning } from '../../programs/errors';
import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import type { ProcessSpec } from '../../runtime/bundle/process-spec';
import { INIT } from '../../runtime/state-dir/layout';
import { isAlive } from '../../supervisor/process-state';
import { faultPoint } from '../../sys/fault';
import { SIGKILL } from '../../sys/process/process';
import { type CheckResult, failing, well } from './check-result';

/** Process ids of checks begin with it: a daemon that starts ends those of the one before. */
const prefix = 'health-';

/**
 * Runs a command beside the program, as it runs itself: in its cgroup and namespaces, as its user. No event tells of it; that it fails, the program's state
 * says. Ended with the signal. @throws what the core refuses
 */
export async function checkExec(parts: ProgramParts, name: string, command: readonly string[], signal: AbortSignal): Promise<CheckResult> {
  const { supervisor } = parts;
  const target = { id: programKey(name), processId: `${prefix}${randomBytes(6).toString('hex')}` };
  const spec = await specOf(parts, name, command);
  await supervisor.request('registerExec', { ...target, spec, stdin: '', stdout: '', stderr: '', isQuiet: true }, signal);
  const kill = (): void => { supervisor.request('signal', { ...target, signal: SIGKILL }).catch(() => undefined); };
  try {
    await supervisor.request('startExec', target, signal);
    faultPoint('daemon.agent.checking');
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    const end = await supervisor.request('wait', target);
    if (end?.status === 0) return well;
    return failing(end === undefined ? 'the check was not started' : `the check ended with status ${String(end.status)}`);
  } finally {
    signal.removeEventListener('abort', kill);
    await supervisor.request('deleteExec', target).catch(() => undefined);
  }
}

/** Ends the checks of a daemon that has died: nobody waits for what they say. */
export async function endOldChecks(parts: ProgramParts, name: string): Promise<void> {
  const id = programKey(name);
  const processes = (await viewOf(parts, id))?.processes.filter((process) => process.id.startsWith(prefix)) ?? [];
  await Promise.all(processes.map(async (process) => {
    const target = { id, processId: process.id };
    // Their deletion at their end is seen to with that of every other exec.
    if (process.state === 'registered') await parts.supervisor.request('deleteExec', target).catch(() => undefined);
    else if (isAlive(process.state)) await parts.supervisor.request('signal', { ...target, signal: SIGKILL }).catch(() => undefined);
  }));
}

/** The program's own process, with another command. */
async function specOf(parts: ProgramParts, name: string, command: readonly string[]): Promise<ProcessSpec> {
  const init = (await viewOf(parts, programKey(name)))?.processes.find(({ id }) => id === INIT)?.record;
  if (init === undefined) throw notRunning(name);
  return { ...init.spec, terminal: false, args: command };
}
