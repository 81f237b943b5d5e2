import { randomBytes } from 'node:crypto';
import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { checkProcess } from '../../runtime/bundle/process-check';
import type { ProcessSpec } from '../../runtime/bundle/process-spec';
import { Fields } from '../../runtime/fields';
import { parseJson } from '../../runtime/json';
import { isAlive } from '../../supervisor/process-state';
import { faultPoint } from '../../sys/fault';
import { SIGKILL } from '../../sys/process/process';
import { type CheckResult, failing, well } from './check-result';

/** Process ids of checks begin with it: a daemon that starts ends those of the one before. */
const prefix = 'health-';

/** Runs a command beside the program, as it runs itself: in its cgroup and namespaces, as its user. Ended with the signal. @throws what the core refuses */
export async function checkExec(parts: ProgramParts, name: string, command: readonly string[], signal: AbortSignal): Promise<CheckResult> {
  const { supervisor } = parts;
  const target = { id: programKey(name), processId: `${prefix}${randomBytes(6).toString('hex')}` };
  await supervisor.request('registerExec', { ...target, spec: specOf(parts, name, command), stdin: '', stdout: '', stderr: '' }, signal);
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
function specOf({ definitions }: ProgramParts, name: string, command: readonly string[]): ProcessSpec {
  const spec = Fields.of(parseJson(definitions.find(name)?.definition.hostProgram ?? ''), 'spec', 'host-program');
  return { ...checkProcess(spec.object('process')), terminal: false, args: command };
}
