import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { cgroupMounts } from '../../support/cgroups';
import type { TestHost } from '../../support/test-host';

/** What there is of a container in the state directory, beside it, in the runtime and in the cgroups. Nothing, once its end is told. */
export function tracesOf(host: TestHost, id: string): string[] {
  const places = [
    join(host.stateDir, id),
    join(`${host.stateDir}.holdfast`, 'bundles', id),
    join(host.runtimeRoot, id),
    ...cgroupMounts().map((mount) => join(mount, host.cgroup, id)),
  ];
  return places.filter((path) => existsSync(path));
}

/** What there is of an exec'd process, once its end is told: nothing. */
export function tracesOfExec(host: TestHost, id: string, processId: string): string[] {
  return [join(host.stateDir, id, processId)].filter((path) => existsSync(path));
}
