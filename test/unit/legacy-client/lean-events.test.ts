import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Event } from '../../../src/api/gen/legacy/api';
import { LeanEvents } from '../../bench/lean-events';
import { FakeServer } from '../../support/fake-server';

const exit: Event = { type: 'exit', id: 'web', status: 3, pid: 'init', seconds: 7n, timestamp: { seconds: 7n, nanos: 0 } };

describe("LeanEvents, the benchmark's subscription", () => {
  let directory: string;
  let server: FakeServer;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-lean-'));
    server = new FakeServer();
    await server.listen(join(directory, 'api.sock'));
  });
  afterEach(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  test('it does not wait for headers that come with the first event, and asks for what it might have missed meanwhile', async () => {
    server.sendsHeadersAtOnce = false;
    const beganMs = Date.now();
    const events = LeanEvents.open(join(directory, 'api.sock'));
    await server.subscribed;
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: 'events', request: { storedOnly: false, id: '' } });
    const { seconds, nanos } = (asked?.request as { readonly timestamp: { readonly seconds: bigint; readonly nanos: number } }).timestamp;
    expect(Number(seconds) * 1000 + nanos / 1e6).toBeGreaterThanOrEqual(beganMs);
    server.send(exit);
    await events.untilExit('web');
    events.close();
  });
});
