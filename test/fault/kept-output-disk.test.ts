import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { ContainersService, Outcome, State } from '../../src/api/gen/holdfast/v1/containers';
import { ContainerdClient } from '../support/containerd-client';
import { Ctl } from '../support/ctl';
import { HangingFileSystem } from '../support/hanging-file-system';
import { OutputReader } from '../support/output-client';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

const count = 60_000;
/** Some 0.7 MB, which no FIFO holds, and with their times and streams 3 MB. */
const talkative = ['sh', '-c', `i=0; while [ $i -lt ${String(count)} ]; do echo "line $i"; i=$((i + 1)); done`];
const linesFrom = (first: number, end = count): string => Array.from({ length: end - first }, (_none, at) => `line ${String(first + at)}\n`).join('');

describeOnHost('kept output whose disk', [...realContainers, 'fuse'], () => {
  let host: TestHost;
  let client: ContainerdClient;
  let ctl: Ctl;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    client = new ContainerdClient(host.socketPath);
    ctl = new Ctl(host);
  });
  afterEach(async () => {
    await ctl.run('rm', '--force', 'all');
    ctl.close();
    client.close();
    await host.cleanUp();
  });

  const directoryOf = (name: string): string => {
    const directory = join(host.directory, 'root/output/programs', name);
    mkdirSync(directory, { recursive: true });
    return directory;
  };
  const start = async (name: string, args: readonly string[], maxSizeBytes = 0n): Promise<void> => {
    const definition = {
      bundle: host.bundle(name, { args }), host_program: Buffer.alloc(0), container_spec: Buffer.alloc(0), runtime: '', runtime_args: [], no_pivot: false, labels: [],
      stdio: undefined, remove_at_end: false, kept_output: { format: 'cri', max_size_bytes: maxSizeBytes, max_files: 0 },
    };
    const [progress] = await client.all(ContainersService.start, { names: [name], definition, stdio: undefined });
    expect(progress?.result).toMatchObject({ outcome: Outcome.STARTED, detail: '' });
  };
  const ended = (name: string): Promise<unknown> => client.ask(ContainersService.wait, { name, process: '' });
  const read = async (name: string): Promise<string> => (await new OutputReader(host.socketPath, { name }).read()).stdout;
  const expectOthersUndisturbed = async (name: string): Promise<void> => {
    await start(name, talkative);
    await ended(name);
    expect(await read(name)).toBe(linesFrom(0));
  };

  describe('is full', () => {
    let directory: string;
    beforeEach(() => {
      directory = directoryOf('full');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', directory]);
    });
    afterEach(() => { execFileSync('umount', ['-l', directory]); });

    test('costs the oldest files first: the program goes on to its end, and a reader gets what is left, without a gap; one that follows is told what it has missed', async () => {
      const reading = ctl.start('logs', '-f', 'full');
      await start('full', talkative, 65_536n);
      await ended('full');
      const left = await read('full');
      const first = Number(/^line (\d+)\n/.exec(left)?.[1]);
      expect(first).toBeGreaterThan(0);
      expect(left).toBe(linesFrom(first));
      reading.kill('SIGKILL');
    });

    test('and nothing is left to remove: the program waits, what it wrote before is there, and all that it writes once there is room; others are not disturbed', async () => {
      await start('full', talkative);
      const waiting = new OutputReader(host.socketPath, { name: 'full', follow: true });
      const following = waiting.read();
      await waiting.until('output as long as there is room', ({ stdout }) => stdout.length > 50_000);
      await expectOthersUndisturbed('other');
      const { containers: [full] } = await client.ask(ContainersService.list, { names: ['full'], all_namespaces: false });
      expect(full?.state).toBe(State.RUNNING);
      const before = await read('full');
      expect(before.length).toBeLessThan(linesFrom(0).length);
      expect(linesFrom(0).startsWith(before)).toBe(true);
      execFileSync('mount', ['-o', 'remount,size=16m', directory]);
      await ended('full');
      await waiting.until('all of it', ({ stdout }) => stdout.length >= linesFrom(0).length);
      waiting.close();
      await following;
      expect(waiting.stdout).toBe(linesFrom(0));
      expect(await read('full')).toBe(linesFrom(0));
    });

    test('clear says that the newest file stays, as it is in use', async () => {
      await start('full', talkative);
      const waiting = new OutputReader(host.socketPath, { name: 'full', follow: true });
      const following = waiting.read();
      await waiting.until('output as long as there is room', ({ stdout }) => stdout.length > 50_000);
      expect(await ctl.run('clear', 'full')).toMatchObject({ status: 1, stdout: 'full: ERROR (failed)\n' });
      waiting.close();
      await following;
    });
  });

  test('hangs: the program waits, a reader is told so, and others are not disturbed; once it answers nothing is lost', async () => {
    const hanging = await HangingFileSystem.on(directoryOf('stuck'));
    try {
      await start('stuck', talkative);
      await expectOthersUndisturbed('other');
      const { containers: [stuck] } = await client.ask(ContainersService.list, { names: ['stuck'], all_namespaces: false });
      expect(stuck?.state).toBe(State.RUNNING);
      expect((await new OutputReader(host.socketPath, { name: 'stuck' }).read()).failure?.message).toMatch(/does not answer/);
    } finally {
      await hanging.close();
    }
    const later = new OutputReader(host.socketPath, { name: 'stuck', follow: true });
    const reading = later.read();
    await later.until('all of it', ({ stdout }) => stdout.length >= linesFrom(0).length);
    later.close();
    await reading;
    expect(later.stdout).toBe(linesFrom(0));
  });
});
