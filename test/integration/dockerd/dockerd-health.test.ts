import { failureOf } from '../../support/failure';
import { writeFakeRuntime } from '../../support/fake-runtime';
import type { FakeRuntimeBehaviour } from '../../support/fake-runtime';
import { within } from '../../support/deadline';
import { processesNaming, signalExactly } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { expectUntouched, expectWorking } from '../../support/untouched';

const sleeping = { args: ['sleep', '1000'] };
/** More than there are places for slow work: if they could all be held, they were. */
const many = 40;
const path = 'PATH=/bin';

/**
 * Three slow answers in all, ever, and dockerd kills its backend. How slow they are depends on the machine;
 * here is counted how many a client gets, one after the other, while the daemon does something else.
 */
describeOnHost('the health answer', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ flags: ['--start-timeout=12s'] });
  });
  afterEach(async () => {
    await expectUntouched(host);
    await host.cleanUp();
  });

  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${String(index)}`);

  /** Asks without a pause until the work is done. Resolves with the number of answers; rejects where one fails or takes 3 s. */
  async function answersDuring(work: Promise<unknown>): Promise<number> {
    let over = false;
    const ended = work.finally(() => (over = true));
    ended.catch(() => undefined);
    let answers = 0;
    while (!over) {
      expect(await host.client.isServing({ deadlineMs: 3000 })).toBe(true);
      answers += 1;
    }
    await ended;
    return answers;
  }

  test('comes again and again while 100 containers start, and while they end', async () => {
    const ids = names(100);
    const started = await answersDuring(Promise.all(ids.map((id) => host.create(id, sleeping, {}, { deadlineMs: 60_000 }))));
    // Fewer, and some of them would have waited for several starts.
    expect(started).toBeGreaterThan(ids.length / 4);
    const ended = await answersDuring(host.end(ids));
    expect(ended).toBeGreaterThan(3);
  });

  const withRuntime = (behaviour: FakeRuntimeBehaviour) => ({
    runtime: writeFakeRuntime(host.own('runtime'), behaviour),
    runtimeArgs: ['--root', host.runtimeRoot],
  });

  /** A good container that is there while all others hang: it is served as ever, ten execs after the other. */
  async function expectOthersServed(): Promise<void> {
    const events = await host.events();
    for (let round = 0; round < 10; round += 1) {
      const name = `e${String(round)}`;
      await host.client.addProcess({ id: 'good', pid: name, args: ['true'], cwd: '/', env: [path] });
      expect((await events.untilExit('good', name)).status).toBe(0);
      expect((await host.client.state('good')).containers).toHaveLength(1);
      expect((await host.client.stats('good')).cgroup_stats).toBeDefined();
    }
    await host.client.updateContainer({ id: 'good', pid: 'init', status: 'paused' });
    await host.client.updateContainer({ id: 'good', pid: 'init', status: 'running' });
    events.close();
  }

  test.each<FakeRuntimeBehaviour>(['hangs', 'start-hangs'])('while a runtime %s for many starts: others are served, and all of them end', async (behaviour) => {
    await host.create('good', sleeping);
    const request = withRuntime(behaviour);
    const hanging = names(15).map((id) => failureOf(host.create(id, sleeping, request, { deadlineMs: 60_000 })));
    const answers = await answersDuring(expectOthersServed());
    expect(answers).toBeGreaterThan(20);
    for (const failure of hanging) {
      expect((await failure).details).toBe('containerd: container did not start before the specified timeout');
    }
    expect(processesNaming(request.runtime)).toEqual([]);
    await host.end(['good']);
  });

  test('while a runtime hangs in the pauses of many containers', async () => {
    await host.create('good', sleeping);
    const request = withRuntime('pause-hangs');
    const ids = names(many);
    await Promise.all(ids.map((id) => host.create(id, sleeping, request, { deadlineMs: 60_000 })));
    const pauses = ids.map((id) => failureOf(host.client.updateContainer({ id, pid: 'init', status: 'paused' })));
    // Far before the first of them gives up.
    const served = within(expectOthersServed(), 'the others to be served', 10_000);
    expect(await answersDuring(served)).toBeGreaterThan(20);
    await answersDuring(expectWorking(host));
    for (const pause of pauses) expect((await pause).details).toBe('the runtime did not pause within 12000 ms');
    await host.end();
  });

  test('while a runtime hangs in the deletes of many containers', async () => {
    await host.create('good', sleeping);
    const request = withRuntime('delete-hangs');
    const ids = names(12);
    await Promise.all(ids.map((id) => host.create(id, sleeping, request, { deadlineMs: 60_000 })));
    await Promise.all(ids.map((id) => host.client.signal(id, 9)));
    expect(await answersDuring(within(expectOthersServed(), 'the others to be served', 15_000))).toBeGreaterThan(20);
    // Another container's end waits for none of theirs.
    await answersDuring(within(expectWorking(host), 'another container to start and end', 15_000));
    const events = await host.events({ timestamp: { seconds: 0n, nanos: 0 } });
    for (const one of processesNaming(`${request.runtime}.never`)) signalExactly(one, 'SIGKILL');
    await host.end(['good']);
    for (const id of ids) {
      for (const one of processesNaming(`${request.runtime}.never`)) signalExactly(one, 'SIGKILL');
      expect((await events.untilExit(id)).status).toBe(137);
      // What such a runtime could not be brought to do.
      await host.runtime('delete', '--force', id);
    }
  });
});
