import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { damages, fifoDamages } from '../../support/damage';
import { lineOf } from '../../support/event-log-reader';
import { makeFifo } from '../../support/fifo';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { removeSetAside } from '../../support/shims';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };

const content = ['state.json', 'init/process.json', 'init/pid', 'init/starttime', 'init/log.json'];
const fifos = ['init/exit', 'init/control'];

const cases = [
  ...Object.entries(damages).map(([how, damage]) => ({ how, damage, kind: 'file', files: content })),
  ...Object.entries(fifoDamages).map(([how, damage]) => ({ how, damage, kind: 'FIFO', files: fifos })),
];

describeOnHost('a damaged file of the state directory', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  // One container for each file, so that a restart meets them all at once. No other test has its name: the log knows it from this start alone.
  test.each(cases)('each $kind once is $how: its container is recovered by what its shim knows, and the other is untouched', async ({ how, damage, kind, files }) => {
    const other = 'other';
    const hurt = files.map((file) => ({ file, id: `${kind}-${how}-${file}`.replace(/[^\w.-]/g, '-') }));
    const ids = [...hurt.map(({ id }) => id), other];
    await Promise.all(ids.map((id) => host.create(id, sleeper)));
    const pidsNow = (): Promise<readonly number[]> => Promise.all(ids.map(async (id) => (await host.initOf(id)).systemPid));
    const pids = await pidsNow();
    await host.stopDaemon('SIGKILL');
    for (const { file, id } of hurt) damage(join(host.stateDir, id, file));
    await host.startDaemon();
    expect(await pidsNow()).toEqual(pids);
    const events = await host.events();
    for (const { id } of hurt) {
      await host.client.signal(id, 9);
      expect((await events.untilExit(id)).status).toBe(137);
    }
    expect((await host.client.state()).containers.map(({ id, status }) => `${id} ${status}`)).toEqual([`${other} running`]);
    await host.end();
  });

  test('an exit status of any kind is told once', async () => {
    await host.create('hurt', sleeper);
    await host.stopDaemon('SIGKILL');
    mkdirSync(join(host.stateDir, 'hurt', 'init', 'exitStatus'));
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('hurt', 9);
    expect((await events.untilExit('hurt')).status).toBe(137);
    expect(events.linesOf('hurt')).toEqual(['start-container', 'exit init 137']);
  });

  test('a lifted bundle whose container is gone is swept', async () => {
    const stale = join(`${host.stateDir}.holdfast`, 'bundles', 'stale');
    await host.stopDaemon();
    mkdirSync(stale, { recursive: true });
    await host.startDaemon();
    expect(existsSync(stale)).toBe(false);
  });
});

describeOnHost('a damaged event database', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const damagesOfDatabase: Readonly<Record<string, (path: string) => void>> = {
    garbage: (path) => {
      writeFileSync(path, 'no database at all '.repeat(1000));
    },
    'NUL-filled': (path) => {
      writeFileSync(path, Buffer.alloc(Math.max(statSync(path, { throwIfNoEntry: false })?.size ?? 0, 8192)));
    },
    truncated: (path) => {
      if (existsSync(path)) truncateSync(path, Math.floor(statSync(path).size / 2));
    },
    'a directory': (path) => {
      rmSync(path, { force: true });
      mkdirSync(path);
    },
  };

  const all = ['', '-wal'].flatMap((suffix) => Object.keys(damagesOfDatabase).map((how) => [suffix, how] as const));
  test.each(all)('holdfast-events.db%s is %s: the daemon is up, what runs runs on, and its exit is told', async (suffix, how) => {
    // No other test has it: the log knows it from this start alone.
    const id = `box${suffix}-${how.replaceAll(' ', '-')}`;
    await host.create(id, sleeper);
    const before = await host.initOf(id);
    await host.stopDaemon('SIGKILL');
    damagesOfDatabase[how]?.(join(host.stateDir, `holdfast-events.db${suffix}`));
    await host.startDaemon();
    expect(await host.initOf(id)).toEqual(before);
    const events = await host.events();
    await host.client.signal(id, 9);
    expect((await events.untilExit(id)).status).toBe(137);
    expect(events.events.map(lineOf)).toEqual(['exit init 137']);
    await expectWorking(host, id);
    removeSetAside(host);
    execFileSync('find', [host.stateDir, '-mindepth', '1', '-maxdepth', '1', '-name', '*.corrupt-*', '-exec', 'rm', '-r', '{}', '+']);
  });
});

describeOnHost('an event database that is as it was before', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  const database = (): string[] => readdirSync(host.stateDir).filter((name) => name.startsWith('holdfast-events.db'));

  test('its last changes are lost, and with them that an end was told: who has the same name now runs on, and nobody hears of that end', async () => {
    const mark = host.own('mark');
    await host.startDaemon({ env: { HOLDFAST_FAULTS: `daemon.end.recorded=kill@${mark}` } });
    await host.create('box', sleeper);
    await host.client.signal('box', 9);
    await untilExists(mark);
    await host.stopDaemon('SIGKILL');
    const kept = host.own('kept');
    mkdirSync(kept, { recursive: true });
    for (const name of database()) copyFileSync(join(host.stateDir, name), join(kept, name));
    await host.startDaemon();
    await host.create('box', sleeper);
    const before = await host.initOf('box');
    await host.stopDaemon('SIGKILL');
    for (const name of database()) rmSync(join(host.stateDir, name));
    for (const name of readdirSync(kept)) copyFileSync(join(kept, name), join(host.stateDir, name));
    await host.startDaemon();
    expect(await host.initOf('box')).toEqual(before);
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
    expect(events.linesOf('box').filter((line) => line.startsWith('exit'))).toEqual(['exit init 137']);
  });
});

describeOnHost('a disk without room', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
    mkdirSync(host.stateDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', host.stateDir]);
  });
  afterEach(async () => {
    try {
      await host.cleanUp();
    } catch (error) {
      // The test's own mount, which goes last.
      if (!String(error).includes(`mount ${host.stateDir}`)) throw error;
    }
    rmSync(host.directory, { recursive: true, force: true });
  });

  const fill = (): void => {
    try {
      writeFileSync(join(host.stateDir, 'filler'), Buffer.alloc(4 << 20));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  };

  test('starts fail and say why, what runs runs on, and its exit is told when there is room', async () => {
    await host.startDaemon();
    await host.create('box', sleeper);
    const events = await host.events();
    fill();
    await expect(host.create('refused', sleeper)).rejects.toThrow(/no space left on device/i);
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['box']);
    await host.client.signal('box', 9);
    rmSync(join(host.stateDir, 'filler'));
    expect((await events.untilExit('box')).status).toBe(137);
    expect(events.linesOf('refused')).toEqual([]);
    await expectWorking(host, 'refused');
  });

  test('a state directory that is a mount of its own sets aside across it', async () => {
    mkdirSync(join(host.stateDir, 'left', 'init'), { recursive: true });
    makeFifo(join(host.stateDir, 'left', 'init', 'exit'));
    writeFileSync(join(host.stateDir, 'left', 'init', 'pid'), 'no pid');
    await host.startDaemon();
    expect(host.containerDirectories()).toEqual([]);
    expect(readFileSync(join(host.stateDir, 'holdfast.lock'), 'utf8')).not.toBe('');
    expect(removeSetAside(host)).toEqual(['left']);
    await expectWorking(host, 'left');
  });
});
