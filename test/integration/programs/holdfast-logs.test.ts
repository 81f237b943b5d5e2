import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { ContainersService, type Definition, Outcome } from '../../../src/api/gen/holdfast/v1/containers';
import { type LogsRequest, OutputStream } from '../../../src/api/gen/holdfast/v1/output';
import { ContainerdClient } from '../../support/containerd-client';
import { forgetPrograms } from '../../support/forget';
import { OutputReader } from '../../support/output-client';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

/** With the trap set before anything is written. */
const trap = 'trap go=1 USR1';
const untilLetGo = 'while [ -z "$go" ]; do sleep 0.05; done';

describeOnHost('the output of programs', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let client: ContainerdClient;
  beforeEach(async () => {
    host = await shared.take();
    client = new ContainerdClient(host.socketPath);
  });
  afterEach(async () => {
    await forgetPrograms(host);
    client.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const start = async (name: string, script: string, more: Partial<Definition> = {}): Promise<void> => {
    const definition = {
      bundle: host.bundle(name, { args: ['sh', '-c', script] }), host_program: Buffer.alloc(0), container_spec: Buffer.alloc(0), runtime: '', runtime_args: [], no_pivot: false, labels: [],
      stdio: undefined, remove_at_end: false, kept_output: undefined, ...more,
    };
    const [progress] = await client.all(ContainersService.start, { names: [name], definition, stdio: undefined });
    expect(progress?.result).toMatchObject({ outcome: Outcome.STARTED, detail: '' });
  };
  const again = async (name: string): Promise<void> => {
    await client.all(ContainersService.start, { names: [name], definition: undefined, stdio: undefined });
  };
  /** What waits in `untilLetGo` goes on. */
  const letGo = async (name: string): Promise<void> => {
    await client.ask(ContainersService.signal, { name, process: '', signal: constants.signals.SIGUSR1 });
  };
  const ended = (name: string): Promise<unknown> => client.ask(ContainersService.wait, { name, process: '' });
  const reader = (name: string, more: Partial<LogsRequest> = {}): OutputReader => new OutputReader(host.socketPath, { name, ...more });
  const read = (name: string, more: Partial<LogsRequest> = {}): Promise<OutputReader> => reader(name, more).read();
  const directory = (name: string): string => join(host.directory, 'root/output/programs', name);

  test.each(['cri', 'raw'])('is kept where it has no path, run after run, until the program is forgotten: %s', async (format) => {
    await start('web', 'echo out; echo err >&2; printf open', { kept_output: { format, max_size_bytes: 0n, max_files: 0 } });
    await ended('web');
    await again('web');
    await ended('web');
    expect(await read('web')).toMatchObject({ stdout: 'out\nopenout\nopen', stderr: 'err\nerr\n', failure: undefined });
    expect(await read('web', { stream: OutputStream.STDERR, tail_lines: 1n })).toMatchObject({ stdout: '', stderr: 'err\n' });
    expect(await read('web', { stream: OutputStream.STDOUT, tail_bytes: 6n })).toMatchObject({ stdout: 't\nopen' });
    await client.ask(ContainersService.remove, { name: 'web', force: false });
    expect(existsSync(directory('web'))).toBe(false);
    expect((await read('web')).failure).toMatchObject({ code: 5, details: 'no such process: web' });
  });

  test('is kept by default, and not where that is not wanted, or where it has paths', async () => {
    await start('kept', 'echo kept');
    await start('unkept', 'echo unkept', { kept_output: { format: 'none', max_size_bytes: 0n, max_files: 0 } });
    await start('paths', 'echo paths', { stdio: { stdin: '', stdout: '/dev/null', stderr: '/dev/null' } });
    for (const name of ['kept', 'unkept', 'paths']) await ended(name);
    expect(await read('kept')).toMatchObject({ stdout: 'kept\n', failure: undefined });
    for (const name of ['unkept', 'paths']) expect((await read(name)).failure).toMatchObject({ code: 9, details: `no output is kept of ${name}` });
  });

  test('limits that cannot be are refused', async () => {
    const refusal = async (kept: Definition['kept_output']): Promise<unknown> => start('web', 'true', { kept_output: kept }).catch((error: unknown) => error);
    expect(await refusal({ format: 'xml', max_size_bytes: 0n, max_files: 0 })).toMatchObject({ code: 3, details: expect.stringContaining('kept_output.format') as string });
    expect(await refusal({ format: '', max_size_bytes: 10n, max_files: 0 })).toMatchObject({ code: 3, details: expect.stringContaining('max_size_bytes') as string });
    expect(await refusal({ format: '', max_size_bytes: 0n, max_files: 4_000_000 })).toMatchObject({ code: 3, details: expect.stringContaining('max_files') as string });
  });

  test('a follower gets it as it comes, over rotations and restarts of the program, with each end after all of the run, until it is forgotten', async () => {
    await start('followed', 'seq 3000; echo done >&2; exit 3', { kept_output: { format: '', max_size_bytes: 20_000n, max_files: 100 } });
    const following = reader('followed', { follow: true, after_event_id: 0n });
    const over = following.read();
    const runs = (count: number): Promise<void> => following.until(`${String(count)} ends`, ({ ends }) => ends.length === count);
    await runs(1);
    expect(following.stderr).toBe('done\n');
    await again('followed');
    await runs(2);
    await ended('followed');
    const counted = Array.from({ length: 3000 }, (_, index) => `${String(index + 1)}\n`).join('');
    expect(following.stdout === counted.repeat(2)).toBe(true);
    expect(following.ends.map(({ exit_status: status, ran_ns: ran }) => [status, ran > 0n])).toEqual([[3, true], [3, true]]);
    await client.ask(ContainersService.remove, { name: 'followed', force: false });
    await over;
    expect(following).toMatchObject({ isRemoved: true, failure: undefined });
  });

  test('a follower of a program that is forgotten at its end gets all of it before', async () => {
    await start('once', `${trap}; echo ready; ${untilLetGo}; seq 20000; exit 4`, { remove_at_end: true });
    const following = reader('once', { follow: true });
    const over = following.read();
    await following.until('its first word', ({ stdout }) => stdout === 'ready\n');
    await letGo('once');
    await over;
    expect(following.stdout.length).toBe(108_894 + 'ready\n'.length);
    expect(following.ends).toMatchObject([{ exit_status: 4 }]);
    expect(following.isRemoved).toBe(true);
  });

  test('a cursor of another program, or of one that had the name before, is refused', async () => {
    await start('web', 'echo one');
    await start('other', 'echo two');
    for (const name of ['web', 'other']) await ended(name);
    const { cursor } = await read('web');
    expect((await read('other', { cursor })).failure).toMatchObject({ code: 3 });
    expect((await read('web', { cursor: Buffer.from('output:1:0') })).failure).toMatchObject({ code: 3 });
    expect(await read('web', { cursor })).toMatchObject({ stdout: '', failure: undefined });
    await client.ask(ContainersService.remove, { name: 'web', force: false });
    await start('web', 'echo three');
    await ended('web');
    expect((await read('web', { cursor })).failure).toMatchObject({ code: 3 });
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('the daemon ends with %s while it is followed: nothing is lost or doubled, and the end comes once', async (signal) => {
    const script = `${trap}; seq 5000; ${untilLetGo}; seq 5001 10000; exit 7`;
    await start('web', script, { kept_output: { format: '', max_size_bytes: 50_000n, max_files: 100 } });
    const following = reader('web', { follow: true });
    let over = following.read();
    await following.until('some of it', ({ stdout }) => stdout.includes('\n1000\n'));
    client.close();
    await host.stopDaemon(signal);
    expect((await over).failure).toBeDefined();
    await host.startDaemon();
    client = new ContainerdClient(host.socketPath);
    over = following.read();
    await letGo('web');
    await ended('web');
    await following.until('the end', ({ ends }) => ends.length > 0);
    following.close();
    await over;
    // Once more: it has been told.
    over = following.read();
    await client.ask(ContainersService.remove, { name: 'web', force: false });
    await over;
    expect(following.stdout === Array.from({ length: 10_000 }, (_, index) => `${String(index + 1)}\n`).join('')).toBe(true);
    expect(following.ends).toMatchObject([{ exit_status: 7 }]);
  });
});
