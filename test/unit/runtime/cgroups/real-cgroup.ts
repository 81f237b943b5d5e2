import { existsSync, mkdirSync, rmdirSync } from 'node:fs';

import type { ContainerCgroup } from '../../../../src/runtime/cgroups/cgroup';
import { describeOnHost } from '../../../support/requires';

/** A cgroup made for a test under the machine's version 1 controllers. */
export interface RealCgroup extends ContainerCgroup {
  /** Removes it, and the named cgroups below it. Nothing may be running in it. */
  remove(...below: string[]): void;
}

/** `describe` for tests that make cgroups of version 1; skipped on machines that have only version 2. */
export function describeOnVersion1(title: string, controller: 'freezer' | 'memory', tests: () => void): void {
  if (existsSync(`/sys/fs/cgroup/${controller}/cgroup.procs`)) describeOnHost(title, ['root'], tests);
  else describe.skip(`${title} (skipped: needs ${controller} of cgroup version 1)`, tests);
}

/** The same for version 2, also beside version 1. `tests` are given where its root is. */
export function describeOnVersion2(title: string, tests: (root: string) => void): void {
  const root = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.controllers`));
  if (root === undefined) describe.skip(`${title} (skipped: needs cgroup version 2)`, () => { tests(''); });
  else describeOnHost(title, ['root'], () => { tests(root); });
}

/** @param controllers as mounted in /sys/fs/cgroup. One cgroup at a time for a test process. */
export function makeRealCgroup(...controllers: string[]): RealCgroup {
  const name = `holdfast-test-${process.pid}`;
  const directories = Object.fromEntries(
    controllers.map((controller) => [controller, `/sys/fs/cgroup/${controller}/${name}`]),
  );
  for (const directory of Object.values(directories)) mkdirSync(directory);
  return {
    controllers: directories,
    hugePageSizes: [],
    remove: (...below) => {
      for (const directory of Object.values(directories)) {
        for (const sub of below) rmdirSync(`${directory}/${sub}`);
        rmdirSync(directory);
      }
    },
  };
}
