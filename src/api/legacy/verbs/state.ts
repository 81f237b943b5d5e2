import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { readPids } from '../../../runtime/cgroups/pids';
import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import { isAlive } from '../../../supervisor/process-state';
import type { ContainerView } from '../../../supervisor/container';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId } from '../check';
import type { Container, Machine, StateRequest, StateResponse } from '../../gen/legacy/api';
import { containerMessage } from '../messages';

/** Containers whose cgroups are read in one go; in between other requests (the health check) have their turn. */
const containersPerTurn = 32;

/** State: one container or all, with every pid in each, and what the machine has. */
export function state(supervisor: Supervisor): Verb<StateRequest, StateResponse> {
  const machine = machineMessage();
  return async ({ id }) => {
    const views = await supervisor.request('getContainers', id === '' ? { id: '', namespace: LEGACY_NAMESPACE } : { id: containerId(id) });
    const containers: Container[] = [];
    for (const view of views) {
      if (containers.length > 0 && containers.length % containersPerTurn === 0) await new Promise(setImmediate);
      containers.push(containerMessage(view, pidsOf(view)));
    }
    return { containers, machine };
  };
}

/** A container that ends while it is looked at has none. */
function pidsOf({ state: now, cgroup }: ContainerView): number[] {
  if (cgroup === undefined || !isAlive(now)) return [];
  try {
    return readPids(cgroup);
  } catch {
    return [];
  }
}

/** Processors, and memory in MiB (`MemTotal` of /proc/meminfo, proc(5)). */
function machineMessage(): Machine {
  const kib = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '0';
  return { cpus: cpus().length, memory: BigInt(kib) / 1024n };
}
