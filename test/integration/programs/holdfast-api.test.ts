import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { ContainersService, Outcome, State } from '../../../src/api/gen/holdfast/v1/containers';
import type { Container, Definition, Progress } from '../../../src/api/gen/holdfast/v1/containers';
import { DaemonService } from '../../../src/api/gen/holdfast/v1/daemon';
import { EventsService } from '../../../src/api/gen/holdfast/v1/events';
import { ContainerdClient } from '../../support/containerd-client';
import { processesNaming, untilCaught, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

const definitionOf = (bundle: string, more: Partial<Definition> = {}): Definition => ({
  bundle,
  host_program: Buffer.alloc(0),
  container_spec: Buffer.alloc(0),
  runtime: '',
  runtime_args: [],
  no_pivot: false,
  labels: [],
  stdio: undefined,
  remove_at_end: false,
  kept_output: undefined,
  ...more,
});

/** The shim's end, and of whoever else has the directory in its arguments. */
async function untilNoProcessNames(directory: string): Promise<void> {
  await Promise.all(processesNaming(directory).map((seen) => waitForExit(seen.pid)));
}

describeOnHost('holdfast.v1', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let client: ContainerdClient;
  beforeEach(async () => {
    host = await shared.take();
    client = new ContainerdClient(host.socketPath);
  });
  afterEach(async () => {
    for (const { name } of await listed().catch(() => [])) await client.ask(ContainersService.remove, { name, force: true });
    client.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const restart = async (signal: NodeJS.Signals): Promise<void> => {
    client.close();
    await host.restartDaemon(signal);
    client = new ContainerdClient(host.socketPath);
  };
  const listed = async (): Promise<Container[]> => (await client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers;
  const one = async (name: string): Promise<Container> => {
    const [found] = (await client.ask(ContainersService.list, { names: [name], all_namespaces: false })).containers;
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const outcomes = (progress: readonly Progress[]): (Outcome | undefined)[] => progress.map(({ result }) => result?.outcome);
  const start = (name: string, args?: readonly string[], more?: Partial<Definition>): Promise<Progress[]> =>
    client.all(ContainersService.start, {
      names: [name],
      definition: args === undefined ? undefined : definitionOf(host.bundle(name, { args }), more),
      stdio: undefined,
    });
  const stop = (name: string, timeoutMs = 10_000n): Promise<Progress[]> =>
    client.all(ContainersService.stop, { names: [name], signal: 0, timeout_ms: timeoutMs });
  const ended = (name: string): Promise<unknown> => client.ask(ContainersService.wait, { name, process: '' });

  test('says which calls it knows', async () => {
    const { calls, pid, version } = await client.ask(DaemonService.version, {});
    expect(calls).toEqual(expect.arrayContaining(['Containers/Start', 'Daemon/Version', 'Events/Follow']));
    expect(pid).toBe(host.daemon.pid);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('a name is remembered with its end, started again by it alone, and forgotten', async () => {
    expect(outcomes(await start('web', ['sh', '-c', 'exit 3']))).toEqual([Outcome.STARTED]);
    await ended('web');
    expect(await one('web')).toMatchObject({ state: State.EXITED, pid: 0, last_end: { exit_status: 3, unknown: false } });
    expect(outcomes(await start('web'))).toEqual([Outcome.STARTED]);
    await ended('web');
    await client.ask(ContainersService.remove, { name: 'web', force: false });
    expect(await listed()).toEqual([]);
    expect(outcomes(await start('web'))).toEqual([Outcome.NO_SUCH_PROCESS]);
  });

  test('what is stopped is STOPPED, and who asked for it is with the wish and with the event', async () => {
    await start('stopped', ['sleep', '1000']);
    const up = await one('stopped');
    expect(up).toMatchObject({ state: State.RUNNING, wish: { up: true, by: { uid: 0, pid: process.pid } } });
    expect(outcomes(await start('stopped', ['sleep', '1000']))).toEqual([Outcome.ALREADY_STARTED]);
    const [waiting, stopped] = await stop('stopped', 0n);
    expect(waiting?.waiting).toBeDefined();
    expect(stopped?.result?.outcome).toBe(Outcome.STOPPED_NOW);
    expect(await one('stopped')).toMatchObject({ state: State.STOPPED, last_end: { exit_status: 137 } });
    expect(outcomes(await stop('stopped'))).toEqual([Outcome.NOT_RUNNING]);
    const events = await client.all(EventsService.follow, { after_id: undefined, since: undefined, stored_only: true, namespaces: [], name: 'stopped' });
    expect(events.map(({ type }) => type)).toEqual(['start', 'create', 'start-container', 'stop', 'exit']);
    expect(events[3]).toMatchObject({ by: { uid: 0, pid: process.pid } });
    const ids = events.map(({ id }) => id);
    expect([...ids].sort((a, b) => Number(a - b))).toEqual(ids);
    const rest = await client.all(EventsService.follow, { after_id: ids[3], since: undefined, stored_only: true, namespaces: [], name: 'stopped' });
    expect(rest.map(({ type }) => type)).toEqual(['exit']);
  });

  test('what a failed first start was to be called is free; a failed later one is FATAL, with the reason', async () => {
    expect(outcomes(await start('web', ['nope']))).toEqual([Outcome.NO_SUCH_FILE]);
    expect(await listed()).toEqual([]);
    await start('web', ['true']);
    await ended('web');
    expect(outcomes(await start('web', ['nope']))).toEqual([Outcome.NO_SUCH_FILE]);
    expect(await one('web')).toMatchObject({ state: State.FATAL, reason: expect.stringContaining('executable file not found') as string });
    expect(outcomes(await stop('web'))).toEqual([Outcome.NOT_RUNNING]);
    expect((await one('web')).state).toBe(State.STOPPED);
  });

  test('a program that is told to go at its end does', async () => {
    const going = client.all(EventsService.follow, { after_id: 0n, since: undefined, stored_only: false, namespaces: ['programs'], name: '' });
    going.catch(() => undefined);
    await start('once', ['sleep', '1000'], { remove_at_end: true });
    // Asked for before its end: after that there is none to wait for.
    const over = ended('once');
    await client.ask(ContainersService.signal, { name: 'once', process: '', signal: constants.signals.SIGKILL });
    await over;
    // In the name's turn: after the forgetting.
    expect(outcomes(await start('once'))).toEqual([Outcome.NO_SUCH_PROCESS]);
    expect(await listed()).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('over a restart of the daemon with %s all of it is as it was', async (signal) => {
    await start('up', ['sleep', '1000']);
    await start('down', ['sh', '-c', 'exit 4']);
    await ended('down');
    const before = await one('up');
    await restart(signal);
    expect(await one('up')).toMatchObject({ state: State.RUNNING, pid: before.pid, wish: before.wish });
    expect(await one('down')).toMatchObject({ state: State.EXITED, last_end: { exit_status: 4 } });
    expect(outcomes(await start('down'))).toEqual([Outcome.STARTED]);
  });

  test('an end while the daemon is away is written down by the next one', async () => {
    await start('web', ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done']);
    const { pid } = await one('web');
    await untilCaught(pid, constants.signals.SIGTERM);
    await host.stopDaemon('SIGKILL');
    process.kill(pid, 'SIGTERM');
    client.close();
    await host.startDaemon();
    client = new ContainerdClient(host.socketPath);
    await ended('web');
    expect(await one('web')).toMatchObject({ state: State.EXITED, last_end: { exit_status: 5 } });
  });

  test('what ran when the machine went down has an end that nobody saw, and can be started again', async () => {
    await start('web', ['sleep', '1000']);
    const { pid } = await one('web');
    await host.stopDaemon();
    // What a reboot leaves: the records, and nothing of /run; and the kernel gives the boot another name.
    process.kill(pid, 'SIGKILL');
    await waitForExit(pid);
    await untilNoProcessNames(host.stateDir);
    for (const directory of [host.stateDir, `${host.stateDir}.holdfast`]) rmSync(directory, { recursive: true, force: true });
    const records = new Database(join(host.directory, 'root', 'holdfast.db'));
    records.exec("UPDATE definitions SET boot_id = 'another'");
    records.close();
    client.close();
    await host.startDaemon();
    client = new ContainerdClient(host.socketPath);
    expect(await one('web')).toMatchObject({ state: State.EXITED, pid: 0, wish: { up: true }, last_end: { exit_status: 255, unknown: true, reason: 'host rebooted' } });
    expect(outcomes(await start('web'))).toEqual([Outcome.STARTED]);
  });

  test('a stop that a daemon died in is gone on with by the next one', async () => {
    await start('web', ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done']);
    const stopping = client.all(ContainersService.stop, { names: ['web'], signal: 0, timeout_ms: 10_000n });
    const cut = expect(stopping).rejects.toThrow();
    while ((await one('web')).state !== State.STOPPING);
    await restart('SIGKILL');
    await cut;
    expect(await one('web')).toMatchObject({ state: State.STOPPING });
    await ended('web');
    expect(await one('web')).toMatchObject({ state: State.STOPPED, last_end: { exit_status: 137 } });
  });

  test('a program of the host is started by name like any other, also after a restart', async () => {
    const spec = { ociVersion: '1.0.2', process: { args: ['sh', '-c', 'exit 6'], cwd: '/', env: ['PATH=/usr/bin:/bin'], user: { uid: 0, gid: 0 } }, linux: { cgroupsPath: `${host.cgroup}/tool` } };
    const definition = definitionOf('', { host_program: Buffer.from(JSON.stringify(spec)) });
    expect(outcomes(await client.all(ContainersService.start, { names: ['tool'], definition, stdio: undefined }))).toEqual([Outcome.STARTED]);
    await ended('tool');
    await restart('SIGKILL');
    expect(outcomes(await start('tool'))).toEqual([Outcome.STARTED]);
    await ended('tool');
    expect(await one('tool')).toMatchObject({ state: State.EXITED, last_end: { exit_status: 6 }, runtime: 'io.holdfast.host.v1' });
  });

  test('containers of the legacy API are there by their ids, and are signalled and stopped', async () => {
    await host.create('old', { args: ['sleep', '1000'] });
    expect(await one('old')).toMatchObject({ namespace: 'legacy', state: State.RUNNING, definition: undefined });
    await start('old', ['sleep', '1000']);
    expect((await listed()).map(({ name, namespace }) => [name, namespace])).toEqual([['legacy/old', 'legacy'], ['old', 'programs']]);
    expect(outcomes(await stop('legacy/old', 500n)).at(-1)).toBe(Outcome.STOPPED_NOW);
    expect((await listed()).map(({ name }) => name)).toEqual(['old']);
  });

  test('figures of all that run come in one message', async () => {
    await start('web', ['sleep', '1000']);
    await start('down', ['true']);
    await ended('down');
    const [frame, ...more] = await client.all(ContainersService.stats, { names: [], interval_ms: 0, once: true, with_list: false });
    expect(more).toEqual([]);
    expect(frame?.containers.map(({ name }) => name)).toEqual(['web']);
    expect(frame?.containers[0]?.pids).toBeGreaterThan(0n);
  });

  test('a range of events that is not kept is an error', async () => {
    const request = { since: undefined, stored_only: true, namespaces: [], name: '' };
    await expect(client.all(EventsService.follow, { ...request, after_id: 99_999n })).rejects.toThrow('11 OUT_OF_RANGE');
  });
});
