import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';
import { expectUntouched } from '../support/untouched';

const ids = Array.from({ length: 50 }, (_, index) => `n${String(index)}`);

describeOnHost('fifty containers at once', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('all start, are shown with pids of their own, and end when they are killed', async () => {
    const events = await host.events();
    await Promise.all(ids.map((id) => host.create(id, { args: ['sleep', '1000'] })));
    const { containers } = await host.client.state();
    expect(new Set(containers.map((container) => container.id))).toEqual(new Set(ids));
    expect(containers.every((container) => container.status === 'running' && container.pids.length === 1)).toBe(true);
    expect(new Set(containers.flatMap((container) => container.pids)).size).toBe(50);
    await Promise.all(ids.map((id) => host.client.signal(id, 9)));
    for (const id of ids) {
      await events.untilExit(id);
      expect(events.linesOf(id)).toEqual(['start-container', 'exit init 137']);
    }
    await expectUntouched(host);
  });

  test('each that ends by itself is told of once, with its own status and output', async () => {
    const events = await host.events();
    await Promise.all(
      ids.map(async (id, index) => {
        const stdio = host.stdio(id);
        await host.create(id, { args: ['sh', '-c', `echo "I am ${id}"; exit ${String(index)}`] }, stdio.paths);
        expect((await events.untilExit(id)).status).toBe(index);
        expect(await stdio.stdout.untilEnd()).toBe(`I am ${id}\n`);
        expect(await stdio.stderr.untilEnd()).toBe('');
      }),
    );
    expect(events.events).toHaveLength(100);
    await expectUntouched(host);
  });
});
