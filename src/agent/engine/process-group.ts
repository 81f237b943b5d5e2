import { programKey } from '../../programs/name';
import { directoriesOf } from '../../runtime/cgroups/cgroup';
import { processesIn } from '../../runtime/host/hierarchies';
import { SupervisorError } from '../../supervisor/errors';
import { readProcStat } from '../../sys/process/proc-stat';
import { signalPid, unlessGone } from '../../sys/process/process';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';

/** The process group of a program's first process, beside that process itself. */
export interface GroupMembers {
  /** Sends it to each that is in the group still. A number cannot be another group's as long as somebody is in this one. */
  signal(signal: number): void;
}

/** To be asked for before the first process is signalled: after its end its group is not known. Nobody, where the signal is for that process alone. */
export async function groupMembersOf({ programs }: EngineParts, { name, process: { kind, killMode } }: ManagedDefinition): Promise<GroupMembers> {
  if (killMode !== 'group' || kind.is !== 'host' || kind.pidNamespace) return { signal: () => undefined };
  try {
    const { cgroup, pid: leaderPid } = await programs.supervisor.request('stats', { id: programKey(name) });
    const isMember = (pid: number): boolean => pid !== leaderPid && readProcStat(pid)?.processGroup === leaderPid;
    const pids = [...processesIn(directoriesOf(cgroup))].filter(isMember);
    return { signal: (signal) => { for (const pid of pids) if (isMember(pid)) unlessGone(() => { signalPid(pid, signal); }); } };
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'container-not-found') return { signal: () => undefined };
    throw error;
  }
}
