import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadBundle } from '../../src/runtime/bundle/bundle';
import { foreignHere } from '../support/foreign-here';
import { execProcessSpec } from '../../src/runtime/bundle/exec-spec';
import { createArgs, deleteArgs, execArgs, killAllArgs, type RuntimeCommand, startArgs } from '../../src/runtime/oci/oci-runtime';
import { writeProcessRecord } from '../../src/runtime/state-dir/process-file';
import { resolveRuntime } from '../../src/runtime/oci/runtime-program';
import { cgroupDirectories, removeCgroups } from '../support/cgroups';
import { untilExists } from '../support/files';
import { fitToThisHost, oldSpecs } from '../support/old-spec';
import { buildRootfs } from '../support/rootfs';
import { describeOnHost, realContainers } from '../support/requires';

describeOnHost('the runtime of today takes the specs of old', realContainers, () => {
  let directory = '';
  let cgroup = '';
  let runtime: RuntimeCommand;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-specs-'));
    cgroup = `/holdfast-test-${randomBytes(4).toString('hex')}`;
    runtime = { program: resolveRuntime('docker-runc', new Map()), globalArgs: ['--root', join(directory, 'runtime')] };
    mkdirSync(join(directory, 'bundle'));
    buildRootfs(join(directory, 'bundle/rootfs'));
  });
  afterEach(() => {
    spawnSync(runtime.program, [...deleteArgs(runtime, 'c1', { force: true })]);
    const { own, below } = cgroupDirectories(cgroup);
    const left = removeCgroups([...below, ...own]);
    rmSync(directory, { recursive: true });
    expect(left).toEqual([]);
  });

  /** Runs the runtime, and gives what it says only if it fails. Its own children inherit no pipe of ours. */
  const call = (args: readonly string[]): void => {
    const outFd = openSync(join(directory, 'output'), 'a');
    try {
      const { status } = spawnSync(runtime.program, [...args], { stdio: ['ignore', outFd, outFd] });
      if (status !== 0) throw new Error(`${args.join(' ')}: ${readFileSync(join(directory, 'output'), 'utf8')}`);
    } finally {
      closeSync(outFd);
    }
  };

  test.each(oldSpecs())('$name', async ({ text }) => {
    const bundlePath = join(directory, 'bundle');
    const args = ['/bin/sleep', '1000'];
    writeFileSync(join(bundlePath, 'config.json'), fitToThisHost(text, { rootfs: 'rootfs', cgroupsPath: `${cgroup}/c1`, args }));
    const bundle = await loadBundle(foreignHere, bundlePath, { path: join(directory, 'lifted'), setsOomScore: false });
    expect(existsSync(join(directory, 'lifted'))).toBe(bundle.runtimePath !== bundlePath);

    const pidFile = join(directory, 'pid');
    call(createArgs(runtime, 'c1', { bundle: bundle.runtimePath, pidFile, noPivotRoot: false }));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size\s+unlimited\s+unlimited/);
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).toBe(String(bundle.processSpec.oomScoreAdj));
    call(startArgs(runtime, 'c1'));
    expect(statSync(`/proc/${pid}`).isDirectory()).toBe(true);
    expect(capabilitiesOf(pid)).not.toBe('0000000000000000');

    execInto(['sh', '-c', 'touch /tmp/exec-was-here; sleep 1000']);
    await untilExists(join(bundlePath, 'rootfs/tmp/exec-was-here'));
    call(killAllArgs(runtime, 'c1'));
    call(deleteArgs(runtime, 'c1', { force: true }));
  });

  /** An exec without the right to anything, in a limit that is 64 bits long. */
  function execInto(args: readonly string[]): void {
    const spec = execProcessSpec({
      terminal: false, args, env: ['PATH=/bin'], cwd: '/', capabilities: [], apparmorProfile: '', selinuxLabel: '', noNewPrivileges: true,
      rlimits: [{ type: 'RLIMIT_CORE', soft: 18446744073709551615n, hard: 18446744073709551615n }],
    });
    const processDir = join(directory, 'exec');
    mkdirSync(processDir);
    writeProcessRecord(processDir, {
      spec, exec: true, stdin: '', stdout: '', stderr: '', runtimeArgs: [], noPivotRoot: false, checkpoint: '', rootUid: 0, rootGid: 0,
    });
    const pidFile = join(processDir, 'pid');
    call(execArgs(runtime, 'c1', { processFile: join(processDir, 'process.json'), pidFile }));
    expect(capabilitiesOf(Number(readFileSync(pidFile, 'utf8')))).toBe('0000000000000000');
  }
});

function capabilitiesOf(pid: number): string | undefined {
  return /^CapBnd:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}
