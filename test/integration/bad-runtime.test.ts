import { status } from '@grpc/grpc-js';

import { writeFakeRuntime } from '../support/fake-runtime';
import type { FakeRuntimeBehaviour } from '../support/fake-runtime';
import { failureOf } from '../support/failure';
import { untilExists } from '../support/files';
import { countProcesses, processesNaming, signalExactly } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { DaemonOptions, TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

describeOnHost('a runtime', realContainers, () => {
  let host: TestHost;
  /** A daemon for the tests of a describe, which must be well after each. */
  const useDaemon = (options: DaemonOptions): void => {
    const shared = new SharedHost(options);
    beforeEach(async () => {
      host = await shared.take();
    });
    afterEach(async () => {
      await expectUntouched(host);
      await expectWorking(host);
      await shared.giveBack();
    });
    afterAll(() => shared.close());
  };

  const createWith = (runtime: string) =>
    host.create('x', { args: ['sleep', '1000'] }, { runtime, runtimeArgs: ['--root', host.runtimeRoot] });
  const fake = (behaviour: FakeRuntimeBehaviour): string => writeFakeRuntime(host.own('runtime'), behaviour);

  describe('that fails', () => {
    useDaemon({});

    test.each(['docker-nope', '/nonexistent/runc'])('because %s does not exist', async (runtime) => {
      const error = await failureOf(createWith(runtime));
      expect(error).toMatchObject({ code: status.UNKNOWN, details: `${runtime} not installed on system` });
    });

    test.each<[FakeRuntimeBehaviour, string]>([
      ['fails-with-log', 'oci runtime error: made to fail'],
      ['start-fails', 'oci runtime error: made to fail at start'],
      ['fails-silently', 'containerd: container not started'],
      ['prints-garbage', 'containerd: container not started'],
      ['dies-of-signal', 'containerd: container not started'],
      ['succeeds-without-pid', 'containerd: container not started'],
    ])('and %s: %s', async (behaviour, details) => {
      const events = await host.events();
      expect(await failureOf(createWith(fake(behaviour)))).toMatchObject({ code: status.UNKNOWN, details });
      await expectUntouched(host);
      await expectWorking(host, 'next');
      await events.untilExit('next');
      expect(events.linesOf('x')).toEqual([]);
    });

    test('by not being a program', async () => {
      const error = await failureOf(createWith('/etc/passwd'));
      expect(error.details).toContain('permission denied');
    });
  });

  describe('that hangs', () => {
    // Long enough for the start of a container that is to show that all is well.
    useDaemon({ flags: ['--start-timeout=4s'] });

    test.each<FakeRuntimeBehaviour>(['hangs', 'hangs-with-child', 'start-hangs'])(
      '(%s) runs into the start timeout, and leaves no process',
      async (behaviour) => {
        const runtime = fake(behaviour);
        const error = await failureOf(createWith(runtime));
        expect(error).toMatchObject({
          code: status.UNKNOWN,
          details: 'containerd: container did not start before the specified timeout',
        });
        expect(countProcesses(runtime)).toBe(0);
      },
    );

    test('holds up nobody else', async () => {
      // Without a limit that would end it while the others are served.
      await host.restartDaemon();
      const runtime = fake('hangs');
      const hanging = failureOf(createWith(runtime));
      await untilExists(`${runtime}.called`);
      expect(await host.client.isServing()).toBe(true);
      await expectWorking(host, 'other');
      expect((await host.client.state()).containers).toEqual([]);
      for (const hung of processesNaming(runtime)) signalExactly(hung, 'SIGKILL');
      expect((await hanging).details).toBe('containerd: container not started');
    });
  });
});
