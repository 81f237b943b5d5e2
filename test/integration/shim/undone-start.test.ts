import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { APIService, CreateContainerRequest } from '../../../src/api/gen/legacy/api';
import { LegacyConnection } from '../../legacy-client/wire';
import { writeFakeRuntime } from '../../support/fake-runtime';
import type { FakeRuntimeBehaviour } from '../../support/fake-runtime';
import { failureOf } from '../../support/failure';
import { untilExists, untilGone, untilIn } from '../../support/files';
import { processOf, processesNaming, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { killDaemonAndShims } from '../../support/shims';
import { Strace } from '../../support/strace';
import { TestHost } from '../../support/test-host';
import { expectUntouched, expectWorking } from '../../support/untouched';

describeOnHost('a start is undone', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const request = (runtime: string) => ({
    id: 'x',
    bundlePath: host.bundle('x', { args: ['sleep', '1000'] }),
    runtime,
    runtimeArgs: ['--root', host.runtimeRoot],
  });

  /** Resolves when the container's directory and the runtime's processes are gone; then nothing must be left. */
  async function expectUndone(runtime: string): Promise<void> {
    await Promise.all(processesNaming(runtime).map((seen) => waitForExit(seen.pid)));
    await untilGone(join(host.stateDir, 'x'));
    await expectUntouched(host);
  }

  const behaviours: FakeRuntimeBehaviour[] = ['hangs', 'hangs-with-child', 'start-hangs'];

  test.each(behaviours)('when its caller cancels it (the runtime %s)', async (behaviour) => {
    const events = await host.events();
    const runtime = writeFakeRuntime(host.own('runtime'), behaviour);
    const caller = new AbortController();
    const answer = failureOf(host.client.create(request(runtime), { signal: caller.signal }));
    await untilExists(`${runtime}.called`);
    caller.abort();
    expect((await answer).code).toBe(status.CANCELLED);
    await expectUndone(runtime);
    await expectWorking(host, 'x');
    await events.untilExit('x');
    expect(events.linesOf('x')).toEqual(['start-container', 'exit init 5']);
  });

  test.each(behaviours)('when its caller dies (the runtime %s)', async (behaviour) => {
    const runtime = writeFakeRuntime(host.own('runtime'), behaviour);
    const caller = new LegacyConnection(host.socketPath);
    const call = caller.unary(APIService.createContainer, CreateContainerRequest.fromPartial(request(runtime)));
    const answer = expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await untilExists(`${runtime}.called`);
    caller.close();
    await answer;
    await expectUndone(runtime);
    await expectWorking(host, 'x');
  });

  test('when its deadline passes', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    const answer = failureOf(host.client.create(request(runtime), { deadlineMs: 2000 }));
    await untilExists(`${runtime}.called`);
    expect((await answer).code).toBe(status.DEADLINE_EXCEEDED);
    await expectUndone(runtime);
    await expectWorking(host, 'x');
  });

  test('while it waits for a worker', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    const callers = Array.from({ length: 14 }, () => new AbortController());
    const answers = callers.map(({ signal }, index) =>
      failureOf(host.client.create({ ...request(runtime), id: `x${String(index)}` }, { signal })),
    );
    await untilExists(`${runtime}.called`);
    for (const caller of callers) caller.abort();
    await Promise.all(answers);
    await Promise.all(processesNaming(runtime).map((seen) => waitForExit(seen.pid)));
    await Promise.all(callers.map((_, index) => untilGone(join(host.stateDir, `x${String(index)}`))));
    await expectUntouched(host);
    await expectWorking(host);
  });

  /** What happens to a start whose runtime waits for a line, so that it is undone. */
  const ways: readonly (readonly [string, (caller: AbortController) => Promise<void>])[] = [
    ['its caller cancels it', (caller) => Promise.resolve(caller.abort())],
    ['the daemon is killed', async () => void (await host.restartDaemon('SIGKILL'))],
    ['daemon and shim are killed', async () => { await killDaemonAndShims(host); await host.startDaemon(); }],
  ];

  test.each(ways)('when %s, and nobody is ended with it who reads its files', async (_how, strike) => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'start-waits');
    const caller = new AbortController();
    const answer = failureOf(host.client.create(request(runtime), { signal: caller.signal }));
    await untilExists(`${runtime}.called`);
    const reader = spawn('tail', ['-F', join(host.stateDir, 'x', 'init', 'log.json')], { stdio: 'ignore' });
    await once(reader, 'spawn');
    await strike(caller);
    await answer;
    await untilGone(join(host.stateDir, 'x'));
    expect(reader.pid === undefined ? undefined : processOf(reader.pid)).toBeDefined();
    reader.kill();
    await once(reader, 'exit');
    await expectUndone(runtime);
  });

  test('at whatever moment of a real start, or is whole: nothing in between', async () => {
    const events = await host.events();
    const ids = Array.from({ length: 12 }, (_, round) => `real${String(round)}`);
    for (const [round, id] of ids.entries()) {
      const caller = new AbortController();
      const bundlePath = host.bundle(id, { args: ['sleep', '1000'] });
      const answer = host.client.create({ id, bundlePath }, { signal: caller.signal }).catch(() => undefined);
      // Moments spread over a start's duration, by counting what the daemon answers meanwhile.
      for (let turn = 0; turn < round * 4; turn += 1) await host.client.isServing();
      caller.abort();
      await answer;
      // One whose answer was on its way when its caller went runs, and is told of.
      await Promise.race([untilGone(join(host.stateDir, id)), events.untilType('start-container', id)]);
    }
    await host.end();
    await untilIn(host.stateDir, () => host.containerDirectories().length === 0, 'an empty state directory');
    await expectUntouched(host);
    const ran = ids.filter((id) => events.linesOf(id).length > 0);
    await Promise.all(ran.map((id) => events.untilExit(id)));
    const stories = ids.map((id) => events.linesOf(id).join(', '));
    expect(stories.filter((story) => story !== '' && story !== 'start-container, exit init 137')).toEqual([]);
    expect(stories).toContain('');
  });
});

describeOnHost('a start that fails', [...realContainers, 'strace'], () => {
  test("does not have the daemon look through the host's processes, as long as the shim lives", async () => {
    const host = await TestHost.withDaemon();
    const fail = (id: string) => {
      const runtime = writeFakeRuntime(host.own('runtime'), 'start-fails');
      return failureOf(host.client.create({ id, bundlePath: host.bundle(id, { args: ['sleep', '1000'] }), runtime, runtimeArgs: ['--root', host.runtimeRoot] }));
    };
    await fail('first');
    const strace = await Strace.attach([host.daemon.pid], host.own('trace'), 'openat');
    for (const id of ['second', 'third']) await fail(id);
    const opened = (await strace.detach()).filter((call) => call.pid === host.daemon.pid).map((call) => call.text);
    expect(opened.filter((text) => text.includes('"/proc",'))).toEqual([]);
    expect(opened.length).toBeGreaterThan(0);
    await host.cleanUp();
  });
});
