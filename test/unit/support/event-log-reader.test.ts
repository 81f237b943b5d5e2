import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Event } from '../../../src/api/gen/legacy/api';
import { ApiClient } from '../../support/api-client';
import { EventLogReader } from '../../support/event-log-reader';
import { FakeServer } from '../../support/fake-server';

const started: Event = { type: 'start-container', id: 'web', status: 0, pid: '', seconds: 1n, timestamp: { seconds: 1n, nanos: 5 } };
const ended: Event = { type: 'exit', id: 'web', status: 3, pid: 'init', seconds: 2n, timestamp: { seconds: 2n, nanos: 0 } };

describe('EventLogReader', () => {
  let directory: string;
  let server: FakeServer;
  let client: ApiClient;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-reader-'));
    server = new FakeServer();
    await server.listen(join(directory, 'api.sock'));
    client = new ApiClient(join(directory, 'api.sock'));
  });
  afterEach(() => {
    client.close();
    server.close();
    rmSync(directory, { recursive: true });
  });

  test('records what comes, and finds what is awaited before and after it came', async () => {
    const reader = await EventLogReader.open(client);
    const exit = reader.untilExit('web');
    server.send(started);
    server.send(ended);
    expect((await exit).status).toBe(3);
    expect(await reader.untilType('start-container', 'web')).toEqual(started);
    expect(reader.linesOf('web')).toEqual(['start-container', 'exit init 3']);
    expect(reader.lastTimestamp).toEqual(ended.timestamp);
    reader.close();
    expect(await reader.ended).toBeUndefined();
  });

  test('a deadline says what was awaited and what came instead', async () => {
    const reader = await EventLogReader.open(client);
    server.send(started);
    await reader.untilType('start-container', 'web');
    await expect(reader.untilExit('web', 'init', { deadlineMs: 20 })).rejects.toThrow(
      'waited 20 ms for exit of init of web; seen: web start-container',
    );
    reader.close();
  });

  test('says so when the stream breaks while it waits', async () => {
    const reader = await EventLogReader.open(client);
    const exit = reader.untilExit('web');
    server.close();
    await expect(exit).rejects.toThrow('the event stream ended: ');
  });

  test('reads stored events to their end', async () => {
    server.stored = [started, ended];
    expect(await EventLogReader.stored(client, { seconds: 0n, nanos: 0 }, 'web')).toEqual([started, ended]);
  });

  test('an error of the call is a ServiceError, and a deadline ends a call that nobody answers', async () => {
    await expect(client.state('nobody')).rejects.toMatchObject({ code: 2, details: 'containerd: container not found' });
    server.healthy = false;
    await expect(client.isServing({ deadlineMs: 50 })).rejects.toMatchObject({ code: 4 });
  });
});
