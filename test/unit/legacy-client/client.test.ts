import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Event } from '../../../src/api/gen/legacy/api';
import { LegacyClient } from '../../legacy-client/client';
import { HealthWatch } from '../../legacy-client/health';
import { CallError } from '../../legacy-client/wire';
import { FakeServer } from '../../support/fake-server';
import { hasReader } from '../../support/fifo';

const spec = { process: { terminal: false } };

/** The fake server is a bare one of Node's, which refuses the path that old dockerds send. */
const authority = 'localhost';

function event(type: string, nanos: number, status = 0): Event {
  return { type, id: 'web', status, pid: type === 'exit' ? 'init' : '', seconds: 7n, timestamp: { seconds: 7n, nanos } };
}

describe('LegacyClient', () => {
  let directory: string;
  let root: string;
  let socketPath: string;
  let server: FakeServer;
  let client: LegacyClient;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-legacy-'));
    root = join(directory, 'root');
    socketPath = join(directory, 'api.sock');
    server = new FakeServer();
    await server.listen(socketPath);
    client = new LegacyClient({ root, socketPath, authority });
  });
  afterEach(() => {
    client.close();
    server.close();
    rmSync(directory, { recursive: true });
  });

  const asked = (method: string) => server.asked.filter((one) => one.method === method).map((one) => one.request);

  test('opens its ends before it asks, closes stdin after the answer, and asks for docker-runc', async () => {
    await client.start();
    const bundle = join(root, 'web');
    let readersAtRequest: boolean[] = [];
    server.onAsked = (method) => {
      if (method === 'createContainer') readersAtRequest = ['stdout', 'stderr'].map((name) => hasReader(join(bundle, `init-${name}`)));
    };
    await client.run('web', spec);
    expect(readersAtRequest).toEqual([true, true]);
    expect(asked('createContainer')).toMatchObject([
      { id: 'web', bundlePath: bundle, stdin: join(bundle, 'init-stdin'), runtime: 'docker-runc', runtimeArgs: [] },
    ]);
    expect(asked('updateProcess')).toEqual([{ id: 'web', pid: 'init', closeStdin: true, width: 0, height: 0 }]);
  });

  test('deletes the bundle directory at the exit event, and tells the status and an oom', async () => {
    await client.start();
    const container = await client.run('web', spec);
    server.send(event('oom', 1));
    server.send(event('exit', 2, 137));
    expect(await container.init.exited).toBe(137);
    expect(container.oom).toBe(true);
    expect(existsSync(join(root, 'web'))).toBe(false);
  });

  test('leaves nothing of a start that failed', async () => {
    server.refusal = 'oci runtime error: no';
    const error = await client.run('web', spec).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: 2, details: 'oci runtime error: no' });
    expect(readdirSync(root)).toEqual([]);
  });

  test('resumes its events after the last one that it saw, and over a restart of its own', async () => {
    await client.start();
    server.send(event('start-container', 41));
    await client.events.until((one) => one.type === 'start-container', 'start-container');
    client.close();
    client = new LegacyClient({ root, socketPath, authority });
    await client.start();
    expect(asked('events')).toMatchObject([
      { timestamp: { seconds: 0n, nanos: 0 }, storedOnly: false },
      { timestamp: { seconds: 7n, nanos: 41 }, storedOnly: false },
    ]);
    expect(readFileSync(join(root, 'event.ts'), 'utf8')).toBe('7 41');
  });

  test('subscribes anew when the daemon is back', async () => {
    await client.start();
    server.close();
    rmSync(socketPath, { force: true });
    server = new FakeServer();
    await server.listen(socketPath);
    await server.subscribed;
    server.send(event('exit', 3));
    await client.events.until((one) => one.type === 'exit', 'exit');
  });

  test("sends its socket's path as the authority, which a bare server of Node's refuses", async () => {
    const old = new LegacyClient({ root, socketPath });
    await expect(old.state()).rejects.toThrow('NGHTTP2_PROTOCOL_ERROR');
    old.close();
  });

  describe('restores', () => {
    beforeEach(() => {
      mkdirSync(join(root, 'web'), { recursive: true });
      writeFileSync(join(root, 'web', 'config.json'), JSON.stringify(spec));
    });

    test('an exit that it missed, from the stored events', async () => {
      server.stored = [event('start-container', 1), event('exit', 2, 3)];
      expect(await client.restore('web')).toEqual({ running: false, status: 3 });
      expect(asked('events')).toMatchObject([{ id: 'web', storedOnly: true, timestamp: { seconds: 0n } }]);
      expect(client.believedAlive()).toEqual([]);
    });

    test('255 where nobody knows', async () => {
      expect(await client.restore('web')).toEqual({ running: false, status: 255 });
    });
  });
});

describe('HealthWatch', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('three failures in all, however many checks succeed in between, cost the daemon its life', async () => {
    jest.useFakeTimers();
    const outcomes = ['ok', 'fail', 'ok', 'fail', 'ok', 'ok', 'fail', 'ok'];
    const log: string[] = [];
    const watch = new HealthWatch({
      check: () => {
        const outcome = outcomes.shift() ?? 'ok';
        log.push(outcome);
        return outcome === 'ok' ? Promise.resolve() : Promise.reject(new Error(outcome));
      },
      onHealthy: () => undefined,
      onThreeFailures: () => {
        log.push('kill');
        return Promise.resolve();
      },
    });
    watch.start();
    await jest.advanceTimersByTimeAsync(8 * 500);
    watch.close();
    expect(log).toEqual(['ok', 'fail', 'ok', 'fail', 'ok', 'ok', 'fail', 'kill', 'ok']);
    expect(watch.failures).toBe(0);
  });
});
