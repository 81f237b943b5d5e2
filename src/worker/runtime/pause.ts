import { RuntimeError } from '../../runtime/errors';
import type { ContainerCgroup } from '../../runtime/cgroups/cgroup';
import { freeze, readFreezerState, thaw } from '../../runtime/cgroups/freezer';
import { pauseArgs, resumeArgs } from '../../runtime/oci/oci-runtime';
import { throwIfAborted } from '../errors';
import type { WorkTools } from '../tools';
import { type Target, callForContainer } from './container-call';

/** A running container whose cgroup is known, or is not. */
export interface Pausable extends Target {
  readonly cgroup: ContainerCgroup | undefined;
}

/**
 * Pauses a container: by the kernel itself, which takes a microsecond, where its runtime would do nothing else; by the
 * runtime where that is of another kind, the kernel does not obey at once, or there is an error to be told. @throws WorkError
 */
export async function pauseContainer(tools: WorkTools, target: Pausable, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const isDone = await byKernel(tools, target, 'running', (cgroup) => {
    tools.frozenCgroup.hold(cgroup);
    return freeze(cgroup, tools.poller);
  });
  if (!isDone) await callForContainer(tools, target, 'pause', pauseArgs, signal);
}

/** Resumes it, likewise. @throws WorkError */
export async function resumeContainer(tools: WorkTools, target: Pausable, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const isDone = await byKernel(tools, target, 'paused', (cgroup) => {
    thaw(cgroup);
    return true;
  });
  if (!isDone) await callForContainer(tools, target, 'resume', resumeArgs, signal);
}

async function byKernel(
  tools: WorkTools,
  { takeover, cgroup }: Pausable,
  from: 'running' | 'paused',
  act: (cgroup: ContainerCgroup) => boolean | Promise<boolean>,
): Promise<boolean> {
  if (cgroup === undefined || !(await tools.runtimeKinds.isCgroupRuntime(takeover.runtime))) return false;
  try {
    return readFreezerState(cgroup) === from && (await act(cgroup));
  } catch (error) {
    // It is just ending: the runtime says so.
    if (error instanceof RuntimeError && error.code === 'gone') return false;
    throw error;
  }
}
