import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { ContainersService, type Definition, Outcome } from '../../../src/api/gen/holdfast/v1/containers';
import { isHeld } from '../../../src/runtime/kept-output/holds';
import { AttachedClient } from '../../support/attached-client';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl } from '../../support/ctl';
import { untilExists, untilIn } from '../../support/files';
import { forgetPrograms } from '../../support/forget';
import { keptSize } from '../../support/kept-files';
import { untilCaught } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

const lines = 300_000;
const counted = Array.from({ length: lines }, (_, index) => `${String(index + 1)}\n`).join('');
/** Far less than the program writes. */
const kept = { max_size_bytes: 100_000n, max_files: 3 };

describeOnHost('a reader that a program waits for', realContainers, () => {
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

  const definitionOf = (script: string, more: Partial<Definition> = {}): Definition => ({
    bundle: host.bundle('web', { args: ['sh', '-c', script] }), host_program: Buffer.alloc(0), container_spec: Buffer.alloc(0), runtime: '', runtime_args: [], no_pivot: false, labels: [],
    stdio: undefined, remove_at_end: false, kept_output: { format: '', ...kept }, ...more,
  });
  const starting = (definition: Definition): AttachedClient => new AttachedClient(host.socketPath, { name: 'web', hold: true, start: { names: ['web'], definition, stdio: undefined } });
  const directory = (): string => join(host.directory, 'root/output/programs/web');

  const untilHeld = async (): Promise<void> => {
    const holds = `${host.stateDir}.holdfast/readers/programs/web`;
    await untilIn(holds, () => isHeld(holds), 'a program that waits');
  };

  test.each(['cri', 'raw'])('gets every byte, however slow it is, and the program is forgotten only then: %s', async (format) => {
    const reader = starting(definitionOf(`seq ${String(lines)}; exit 3`, { kept_output: { format, ...kept }, remove_at_end: true }));
    reader.pauseMs = 5;
    let most = 0;
    reader.onTaken = () => { most = Math.max(most, existsSync(directory()) ? keptSize(directory()) : 0); };
    await reader.read();
    expect(reader.started?.outcome).toBe(Outcome.STARTED);
    expect(reader.stdout === counted).toBe(true);
    expect(reader).toMatchObject({ missedBytes: 0n, end: { exit_status: 3 } });
    expect(most).toBeLessThanOrEqual(300_000);
    await client.ask(ContainersService.remove, { name: 'web', force: false }).catch(() => undefined);
    expect(existsSync(directory())).toBe(false);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('so it does where the daemon goes away again and again: %s', async (signal) => {
    const reader = starting(definitionOf(`seq ${String(lines)}; exit 3`, { remove_at_end: true }));
    reader.pauseMs = 5;
    for (let kills = 0; kills < 3; kills += 1) {
      let taken = 0;
      let tell: () => void = () => undefined;
      const isAmidst = new Promise<void>((resolve) => { tell = resolve; });
      reader.onTaken = () => {
        taken += 1;
        if (taken === 5) tell();
      };
      const lost = reader.read();
      // It is what is waited for below.
      lost.catch(() => undefined);
      await isAmidst;
      await host.restartDaemon(signal);
      await expect(lost).rejects.toMatchObject({ code: 14 });
    }
    await reader.read();
    expect(reader.stdout === counted).toBe(true);
    expect(reader).toMatchObject({ missedBytes: 0n, end: { exit_status: 3 } });
  });

  test('gets the last words of a run also where the next one has begun already', async () => {
    // What is kept is little enough to be on its way to the reader, so that the daemon has nothing to read but the end; the rest is in the FIFO.
    const reader = starting(definitionOf('seq 20000; exit 3', { kept_output: { format: '', max_size_bytes: 8000n, max_files: 3 } }));
    const joined = new Promise<void>((resolve) => { reader.onTaken = resolve; });
    const over = reader.read();
    await joined;
    reader.stop();
    await untilHeld();
    await client.ask(ContainersService.wait, { name: 'web', process: '' });
    await client.all(ContainersService.start, { names: ['web'], definition: definitionOf('exec sleep 1000'), stdio: undefined });
    reader.goOn();
    await over;
    expect(reader).toMatchObject({ missedBytes: 0n, end: { exit_status: 3 } });
    expect(reader.stdout === counted.slice(0, 108_894)).toBe(true);
  });

  test('one that holds nothing misses what is rotated away, and is told how much', async () => {
    const [start] = await client.all(ContainersService.start, { names: ['web'], definition: definitionOf(`trap go=1 USR1; echo ready; while [ -z "$go" ]; do sleep 0.05; done; seq ${String(lines)}; exit 3`), stdio: undefined });
    const reader = new AttachedClient(host.socketPath, { name: 'web' });
    const joined = new Promise<void>((resolve) => { reader.onTaken = resolve; });
    const over = reader.read();
    await joined;
    reader.stop();
    // Before its trap the signal would be dropped, as it is a process 1.
    await untilCaught(start?.result?.pid ?? 0, constants.signals.SIGUSR1);
    await client.ask(ContainersService.signal, { name: 'web', process: '', signal: constants.signals.SIGUSR1 });
    await client.ask(ContainersService.wait, { name: 'web', process: '' });
    reader.goOn();
    await over;
    expect(reader.stdout.length).toBeLessThan(counted.length);
    expect(counted.endsWith(reader.stdout.slice(-1000))).toBe(true);
    expect(reader.missedBytes).toBeGreaterThan(0n);
  });

  test('logs -f holds nothing either, and says what it has missed', async () => {
    const ctl = new Ctl(host);
    await client.all(ContainersService.start, { names: ['web'], definition: definitionOf(`trap go=1 USR1; echo ready; while [ -z "$go" ]; do sleep 0.05; done; seq ${String(lines)}; exit 3`), stdio: undefined });
    const logs = ctl.start('logs', '-f', 'web');
    await logs.printed('ready\n');
    logs.kill('SIGSTOP');
    await client.ask(ContainersService.signal, { name: 'web', process: '', signal: constants.signals.SIGUSR1 });
    await client.ask(ContainersService.wait, { name: 'web', process: '' });
    logs.kill('SIGCONT');
    await logs.printed(`\n${String(lines)}\n`);
    await client.ask(ContainersService.remove, { name: 'web', force: false });
    const { status, stdout, stderr } = await logs.ended;
    expect(status).toBe(0);
    expect(stdout.length).toBeLessThan(counted.length);
    expect(stderr).toMatch(/^(-- about [\d.]+[KM] were rotated away before they could be read --\n)+-- web ended: exit status 3.* --\n-- web is removed --\n$/);
    ctl.close();
  });

  test('a program waits no longer for one that has died, whatever becomes of the daemon', async () => {
    const ctl = new Ctl(host);
    await client.all(ContainersService.start, { names: ['web'], definition: definitionOf(`trap go=1 USR1; while [ -z "$go" ]; do echo ready; sleep 0.05; done; seq ${String(lines)}; exit 3`), stdio: undefined });
    const fg = ctl.start('fg', 'web');
    await fg.printed('ready\n');
    fg.kill('SIGSTOP');
    await client.ask(ContainersService.signal, { name: 'web', process: '', signal: constants.signals.SIGUSR1 });
    await untilHeld();
    host.daemon.kill('SIGSTOP');
    const exitStatus = join(`${host.stateDir}.holdfast`, 'namespaces/programs/web/init/exitStatus');
    expect(existsSync(exitStatus)).toBe(false);
    fg.kill('SIGKILL');
    await untilExists(exitStatus);
    host.daemon.kill('SIGCONT');
    ctl.close();
  });
});
