import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CheckpointRuntime } from '../support/checkpoint-runtime';
import { until } from '../support/until';
import { worksHere } from '../support/criu';
import type { BackendName } from './support/backend';
import { DockerSide } from './support/docker-side';
import { run as runProgram } from './support/program';
import { SideBySide, describeReal } from './support/side-by-side';

/** What dockerd has containerd keep. */
async function kept(side: DockerSide, ...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runProgram('/usr/bin/ctr', ['--address', side.backend.socket, '--namespace', 'moby', ...words, 'ls', '-q']);
  return stdout.split('\n').filter((line) => line !== '');
}

/** dockerd has what it has made of a checkpoint taken away, and fails where the same bytes are to be there again before they are gone. */
async function untilCollected(side: DockerSide): Promise<void> {
  await until('content to be collected', () => kept(side, 'content'), (digests) => digests.length === 0);
}

async function expectNothingKept(side: DockerSide): Promise<void> {
  await untilCollected(side);
  for (const kind of ['images', 'leases', 'containers', 'task']) expect(await kept(side, kind)).toEqual([]);
}

describeReal('docker checkpoint, of a runtime that does without criu', () => {
  let place: string;
  beforeAll(() => { place = mkdtempSync(join(tmpdir(), 'holdfast-saving-')); });
  const runtimes = new Map<BackendName, CheckpointRuntime>();
  const sides = new SideBySide((name) => {
    const runtime = new CheckpointRuntime(join(place, name));
    runtimes.set(name, runtime);
    return new DockerSide(name, { experimental: true, runtimes: { saving: { path: runtime.path } } });
  });
  afterAll(() => { rmSync(place, { recursive: true }); });

  const box = (side: DockerSide): Promise<unknown> => side.docker('run', '-d', '--runtime', 'saving', '--name', 'box', 'busybox', 'sh', '-c', 'echo here; exec sleep 1000');
  const status = (side: DockerSide): Promise<unknown> => side.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}', 'box');

  sides.same('create, ls, rm, and start from one', async (side) => {
    await box(side);
    await side.docker('checkpoint', 'create', '--leave-running', 'box', 'one');
    await status(side);
    await untilCollected(side);
    await side.docker('checkpoint', 'create', 'box', 'two');
    await side.untilStatus('box', 'exited');
    await status(side);
    await side.docker('checkpoint', 'ls', 'box');
    await untilCollected(side);
    await side.docker('start', '--checkpoint', 'two', 'box');
    await status(side);
    side.note(readFileSync(runtimes.get(side.name)?.seen ?? '', 'utf8'));
    await side.docker('exec', 'box', 'echo', 'it runs');
    await side.untilLogs('box', (logs) => logs === 'here\nhere\n');
    await side.docker('checkpoint', 'rm', 'box', 'one');
    await side.docker('checkpoint', 'ls', 'box');
    await side.docker('rm', '--force', 'box');
    await expectNothingKept(side);
  });

  sides.same('what cannot be made, removed or started from', async (side) => {
    await side.docker('checkpoint', 'create', 'nobody', 'one');
    await side.docker('checkpoint', 'ls', 'nobody');
    await box(side);
    await side.docker('checkpoint', 'create', '--leave-running', 'box', 'one');
    await side.docker('checkpoint', 'create', '--leave-running', 'box', 'one');
    await side.docker('checkpoint', 'create', 'box', '../out');
    await untilCollected(side);
    await side.docker('checkpoint', 'create', '--leave-running', '--checkpoint-dir', side.place.path('elsewhere'), 'box', 'there');
    await side.docker('checkpoint', 'ls', '--checkpoint-dir', side.place.path('elsewhere'), 'box');
    await side.docker('checkpoint', 'rm', 'box', 'none');
    await side.docker('start', '--checkpoint', 'one', 'box');
    await status(side);
    await side.docker('kill', 'box');
    await side.untilStatus('box', 'exited');
    await side.docker('checkpoint', 'create', 'box', 'late');
    await side.docker('start', '--checkpoint', 'none', 'box');
    await status(side);
    await side.docker('start', '--checkpoint', 'there', '--checkpoint-dir', side.place.path('elsewhere'), 'box');
    await status(side);
    await side.docker('start', 'box');
    await side.docker('rm', '--force', 'box');
    await expectNothingKept(side);
  });
});

// criu is older than some kernels; then the runtime says so, and nothing else happens.
describeReal(`docker checkpoint, of runc and ${worksHere() ? 'criu' : 'a criu that does not know this kernel'}`, () => {
  const sides = new SideBySide((name) => new DockerSide(name, { experimental: true }));
  const counting = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done';
  const count = (logs: string): number => logs.trim().split('\n').length;
  const run = (side: DockerSide, ...options: readonly string[]): Promise<unknown> => side.docker('run', '-d', ...options, '--name', 'box', '--network', 'none', 'busybox', 'sh', '-c', counting);
  /** criu's words without those around them: the other daemon says which file of its own has its log. */
  const create = async (side: DockerSide): Promise<void> => {
    const { code, stderr } = await side.quietly({}, 'checkpoint', 'create', 'box', 'one');
    side.note(`exit status ${String(code)} ${/criu failed: type \w+ errno \d+/.exec(stderr)?.[0] ?? stderr}`);
    await side.docker('checkpoint', 'ls', 'box');
  };

  sides.same('a container with a terminal is checkpointed, and goes on from there', async (side) => {
    await run(side, '-t');
    await side.untilLogs('box', (logs) => count(logs) > 3);
    await create(side);
    if (worksHere()) {
      await side.untilStatus('box', 'exited');
      await untilCollected(side);
      const before = count((await side.quietly({}, 'logs', 'box')).stdout);
      await side.docker('start', '--checkpoint', 'one', 'box');
      const logs = await side.untilLogs('box', (text) => count(text) > before + 1);
      // It counts on, and does not begin anew.
      side.note(String(logs.trim().split('\n').every((line, index) => Number(line) === index + 1)));
    }
    await side.docker('inspect', '--format', '{{.State.Status}} {{.State.Error}}', 'box');
    await side.docker('rm', '--force', 'box');
    await expectNothingKept(side);
  });

  // Without one it writes to FIFOs of the host, which criu does not find in the container: the other daemon copies all that is written.
  sides.alone('a container without one is not checkpointed, and runs on', async (side) => {
    await run(side);
    await side.untilLogs('box', (logs) => count(logs) > 3);
    expect((await side.quietly({}, 'checkpoint', 'create', 'box', 'one')).stderr).toMatch(/Cannot checkpoint container box: .*criu failed: type \w+ errno \d+/);
    expect((await side.quietly({}, 'checkpoint', 'ls', 'box')).stdout).toBe('CHECKPOINT NAME\n');
    const before = count((await side.quietly({}, 'logs', 'box')).stdout);
    await side.untilLogs('box', (logs) => count(logs) > before + 1);
    await side.docker('rm', '--force', 'box');
    await expectNothingKept(side);
  });
});
