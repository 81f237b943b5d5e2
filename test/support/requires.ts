import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { patienceMs } from './deadline';

/** What a test needs of the machine that it runs on. */
export type Requirement = 'root' | 'runc' | 'busybox' | 'memory controller' | 'pids controller' | 'freezer' | 'criu' | 'strace' | 'fuse' | 'supervisord';

/** All that a test needs which starts real containers. */
export const realContainers: readonly Requirement[] = ['root', 'runc', 'busybox'];

/**
 * `describe` for tests that need more than Node. Where something is missing they are skipped and their
 * title says why; where `CI` is set in the environment it is an error instead, so that CI skips none.
 */
export function describeOnHost(title: string, needs: readonly Requirement[], tests: () => void): void {
  const missing = needs.filter((requirement) => !isThere(requirement));
  if (missing.length === 0) {
    // Longer than all that a test waits for, one after the other: what is missing is then named by whoever waited for it.
    jest.setTimeout(9 * patienceMs);
    describe(title, tests);
    return;
  }
  const reason = `needs ${missing.join(' and ')}`;
  if (process.env['CI'] !== undefined) throw new Error(`${title}: ${reason}, and CI skips nothing`);
  describe.skip(`${title} (skipped: ${reason})`, tests);
}

/** `test` for what needs a program that no set-up installs: where it is not there the test is skipped, in CI too, and its title says why. */
export function testWithProgram(program: string, title: string, run: () => Promise<void>): void {
  if (isOnPath(program)) test(title, run);
  else test.skip(`${title} (skipped: ${program} is not installed)`, run);
}

function isThere(requirement: Requirement): boolean {
  switch (requirement) {
    case 'root':
      return process.getuid?.() === 0;
    case 'runc':
      return isOnPath('runc');
    case 'criu':
      return isOnPath('criu');
    case 'supervisord':
      return isOnPath('supervisord');
    case 'strace':
      return isOnPath('strace');
    case 'fuse':
      return existsSync('/dev/fuse') && isOnPath('python3');
    case 'busybox':
      return existsSync('/bin/busybox');
    case 'memory controller':
      return hasController('memory');
    case 'pids controller':
      return hasController('pids');
    case 'freezer':
      // Version 2 has no controller of that name: every cgroup of it can be frozen.
      return hasController('freezer') || existsSync('/sys/fs/cgroup/cgroup.controllers');
  }
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));
}

/** cgroups(7): version 1 lists its controllers in /proc/cgroups (last column: enabled), version 2 in its root. */
function hasController(name: string): boolean {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    return readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').split(/\s+/).includes(name);
  }
  return existsSync(`/sys/fs/cgroup/${name}`);
}
