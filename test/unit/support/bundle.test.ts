import { execFileSync, spawnSync } from 'node:child_process';

import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

describeOnHost('writeBundle, run by the bare runtime', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  function run(id: string, bundle: string) {
    return spawnSync('runc', ['--root', host.runtimeRoot, 'run', '--bundle', bundle, id], { encoding: 'utf8' });
  }

  test('runs a command with its environment and passes on its exit status', () => {
    const bundle = host.bundle('plain', { args: ['sh', '-c', 'echo "$GREETING from $$"; exit 7'], env: ['GREETING=hello'] });
    const { status, stdout, stderr } = run('plain', bundle);
    expect(stderr).toBe('');
    expect(stdout).toBe('hello from 1\n');
    expect(status).toBe(7);
  });

  test('shares the pid namespace of the host when told to', () => {
    const bundle = host.bundle('hostpid', { args: ['sh', '-c', 'readlink /proc/self/ns/pid'], pidNamespace: false });
    expect(run('hostpid', bundle).stdout.trim()).toBe(execFileSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).trim());
  });

  test('limits memory in the cgroup of the host', () => {
    const bundle = host.bundle('small', { args: ['cat', '/proc/self/cgroup'], memoryLimit: 16 * 1024 * 1024 });
    expect(run('small', bundle).stdout).toContain(`${host.cgroup}/small`);
  });

  test('has a root that cannot be written, and a /tmp that can', () => {
    const bundle = host.bundle('readonly', { args: ['sh', '-c', 'touch /tmp/x && ! touch /x 2>/dev/null'] });
    expect(run('readonly', bundle).status).toBe(0);
  });
});
