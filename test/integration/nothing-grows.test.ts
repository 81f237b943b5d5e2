// Over starts and execs with their ends nothing adds up: counted, not weighed. docs/limits.md has the memory over 10,000.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { patienceMs } from '../support/deadline';
import { Figures } from '../support/figures';
import { untilIn } from '../support/files';
import { processesNaming } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

/**
 * What a count may be higher by, when one that is kept of each of thirty would show: the inotify descriptor that libuv
 * makes at the first watch of a file and keeps, and a connection that is just being closed.
 */
const slack = 2;
const atOnce = 5;
const rounds = 6;

describeOnHost('over many starts and execs', realContainers, () => {
  let host: TestHost;
  let figures: Figures;
  beforeEach(async () => {
    host = new TestHost();
    figures = await Figures.onFreePort();
    await host.startDaemon({ flags: ['--metrics-address', figures.address] });
    await host.create('stays', { args: ['sleep', '1000'] });
  });
  afterEach(async () => {
    await host.end().finally(() => host.cleanUp());
  });

  /** Starts containers and processes in `stays`, at once, and resolves when the ends of all have been told. */
  async function round(name: string): Promise<void> {
    const events = await host.events();
    const names = Array.from({ length: atOnce }, (_, index) => `${name}-${String(index)}`);
    await Promise.all(
      names.flatMap((one) => [
        host.create(one, { args: ['true'] }),
        host.client.addProcess({ id: 'stays', pid: one, args: ['true'], cwd: '/', env: ['PATH=/bin'] }),
      ]),
    );
    for (const one of names) {
      await events.untilExit(one);
      await events.untilExit('stays', one);
    }
    events.close();
  }

  test('neither descriptors nor watches nor files of daemon and shim add up', async () => {
    // What is made once, at the first of each.
    await round('first');
    const before = await counts();
    for (let index = 0; index < rounds; index += 1) await round(`round${String(index)}`);
    // An end is told a moment before daemon and shim have let go of all that was its own, and they tell nobody then.
    const tooLate = Date.now() + patienceMs;
    while (moreThan(before, await counts()).length > 0 && Date.now() < tooLate);
    expect(moreThan(before, await counts())).toEqual([]);
    expect(host.containerDirectories()).toEqual(['stays']);
    expect(readdirSync(join(host.stateDir, 'stays'))).not.toContainEqual(expect.stringMatching(/^(first|round)/));
  });

  type Counts = Record<'containers' | 'processes' | 'epoll' | 'descriptors' | 'shimDescriptors' | 'tasks' | 'starts', number>;

  function moreThan(before: Counts, after: Counts): string[] {
    const names = Object.keys(before) as (keyof Counts)[];
    return names.filter((name) => after[name] > before[name] + slack).map((name) => `${name}: ${String(before[name])}, then ${String(after[name])}`);
  }

  async function counts(): Promise<Counts> {
    const trash = join(`${host.stateDir}.holdfast`, 'trash');
    await untilIn(trash, () => readdirSync(trash).length === 0, 'an empty trash');
    const [shim] = processesNaming(`holdfast-shim --serve ${host.stateDir}`);
    const read = async (name: string): Promise<number> => figures.read(`holdfast_${name}`);
    return {
      containers: await read('containers'),
      processes: await read('processes'),
      epoll: await read('epoll_fds'),
      descriptors: await read('open_fds'),
      shimDescriptors: readdirSync(`/proc/${String(shim?.pid)}/fd`).length,
      tasks: await read('task_queue_length'),
      starts: await read('starts_running'),
    };
  }
});
