import { failureOf } from '../support/failure';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

describeOnHost('ids', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('an id is started again the moment its exit is seen, thirty times', async () => {
    const events = await host.events();
    for (let round = 0; round < 30; round += 1) {
      const from = events.position;
      await host.create('again', { args: ['sh', '-c', `exit ${String(round)}`] });
      expect((await events.untilExit('again', 'init', { from })).status).toBe(round);
    }
    const expected = Array.from({ length: 30 }, (_, round) => ['start-container', `exit init ${String(round)}`]).flat();
    expect(events.linesOf('again')).toEqual(expected);
  });

  test('an id in use is refused, and its container goes on untouched', async () => {
    const stdio = host.stdio('taken');
    await host.create('taken', { args: ['cat'] }, stdio.paths);
    const before = await host.initOf('taken');
    const error = await failureOf(host.client.create({ id: 'taken', bundlePath: host.bundle('other', { args: ['true'] }) }));
    expect(error.details).not.toBe('');
    expect(await host.initOf('taken')).toEqual(before);
    await stdio.stdin.write('still here\n');
    await stdio.stdout.until('still here\n');
    await host.end();
  });

  test('of many that ask for one id at the same moment, exactly one gets it', async () => {
    const bundlePath = host.bundle('wanted', { args: ['sleep', '1000'] });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => host.client.create({ id: 'wanted', bundlePath })));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect((await host.client.state()).containers.map(({ id, status }) => ({ id, status }))).toEqual([{ id: 'wanted', status: 'running' }]);
    await host.end();
  });

  test.each(['a', 'a-b_c.d+e', '0', 'x'.repeat(255)])('the id %s is as good as any', async (id) => {
    const events = await host.events();
    await host.create(id, { args: ['true'] });
    expect((await events.untilExit(id)).status).toBe(0);
  });
});
