import { parseAddress } from '../../../src/ctl/daemon/address';
import { DaemonClient } from '../../../src/ctl/daemon/daemon-client';
import { ExitFeed } from '../../../src/ctl/daemon/exit-feed';
import { FakeDaemon } from './support/fake-daemon';

let daemon: FakeDaemon;
let client: DaemonClient;
let feed: ExitFeed;

beforeEach(async () => {
  daemon = await FakeDaemon.start();
  // A feed asks for what is newer than its own beginning.
  daemon.second = BigInt(Math.floor(Date.now() / 1000)) + 60n;
  client = new DaemonClient(parseAddress(daemon.address));
  feed = await ExitFeed.open(client, 'web');
});

afterEach(() => {
  feed.close();
  client.close();
  daemon.stop();
});

test('an exit is told to those who wait, and to those who ask later', async () => {
  const early = feed.exitOf('web', 'init', { afterStart: false });
  daemon.exit('web', 3, 'exec-1');
  daemon.exit('web', 143);
  expect(await early).toBe(143);
  expect(await feed.exitOf('web', 'init', { afterStart: false })).toBe(143);
  expect(await feed.exitOf('web', 'exec-1', { afterStart: false })).toBe(3);
});

test('the exit of the one before, of the same name, is not taken for that of the one started', async () => {
  const exit = feed.exitOf('web', 'init', { afterStart: true });
  daemon.exit('web', 1);
  daemon.emit({ type: 'start-container', name: 'web' });
  daemon.exit('web', 2);
  expect(await exit).toBe(2);
});

test('what happened while the daemon was away is replayed', async () => {
  const exit = feed.exitOf('web', 'init', { afterStart: true });
  daemon.emit({ type: 'start-container', name: 'web' });
  daemon.exit('web', 5, 'exec-1');
  expect(await feed.exitOf('web', 'exec-1', { afterStart: false })).toBe(5);
  daemon.vanish();
  daemon.exit('web', 143);
  await daemon.listen();
  expect(await exit).toBe(143);
  // From the last event that it saw, not from its beginning.
  expect(daemon.subscriptions.at(-1)?.after_id).toBe(daemon.stored.at(-2)?.id);
});
