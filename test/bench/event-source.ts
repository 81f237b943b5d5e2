// Publishes events as the daemon's loop does, each in the log before anyone is told, and serves the daemon's
// own Events to who connects. Which way an event came about is left out: no machine starts 20,000 containers
// in a second.
import { join } from 'node:path';

import { ApiServer } from '../../src/api/server';
import { EventLog } from '../../src/supervisor/events/event-log';
import { EventPublisher } from '../../src/supervisor/events/event-publisher';
import type { Supervisor } from '../../src/supervisor/supervisor';
import { DescriptorRoom } from '../../src/sys/descriptor-room';
import { Poller } from '../../src/sys/poller';

/** As many as the loop takes of its tasks before sockets have their turn. */
const perTurn = 128;

const [directory = '', count = '0'] = process.argv.slice(2);
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const log = new EventLog({ path: join(directory, 'events.db'), retainCount: Number(count) });
const publisher = new EventPublisher(log, (message, details) => { throw new Error(message, { cause: details['cause'] }); }, () => undefined);
const api = new ApiServer({
  // Events asks nothing of it.
  supervisor: undefined as unknown as Supervisor,
  publisher,
  settings: { runtime: 'runc', runtimeArgs: [], shim: '', onShimDeath: 'adopt' },
  version: 'bench',
  log: silent,
  descriptors: DescriptorRoom.ofThisProcess(),
  poller: new Poller((error) => { throw error; }),
  onStats: () => undefined,
});

async function publish(): Promise<void> {
  for (let sent = 0; sent < Number(count); sent++) {
    publisher.tell({ type: 'exit', containerId: `container-${String(sent % 100)}`, processId: 'init', status: 0, startKey: String(sent) });
    if (sent % perTurn === 0) await new Promise(setImmediate);
  }
}

process.on('SIGUSR1', () => void publish());
process.on('SIGTERM', () => {
  api.close();
  publisher.close();
  process.exit(0);
});
void api.listen(join(directory, 'events.sock'), undefined);
