import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventsStream } from '../../../src/api/events-stream';
import { type Event, EventsRequest } from '../../../src/api/gen/api';
import { EventLog } from '../../../src/supervisor/event-log';
import { EventPublisher } from '../../../src/supervisor/event-publisher';
import { startOf } from '../supervisor/event-kit';

/** A client's stream whose window closes when a test says so: of a real one only the client decides. */
class Client extends EventEmitter {
  readonly got: string[] = [];
  writableNeedDrain = false;

  constructor(readonly request: EventsRequest) {
    super();
  }

  sendMetadata(): void {
    // The headers of a real stream.
  }

  write(event: Event): boolean {
    this.got.push(event.id);
    return !this.writableNeedDrain;
  }

  open(): void {
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

describe('a stream of events', () => {
  let directory: string;
  let publisher: EventPublisher;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-stream-'));
    const log = new EventLog({ path: join(directory, 'events.db'), retainCount: 500 });
    publisher = new EventPublisher(log, () => undefined, () => undefined);
  });
  afterEach(() => {
    publisher.close();
    rmSync(directory, { recursive: true });
  });

  const serve = (request: Partial<EventsRequest> = {}): Client => {
    const client = new Client(EventsRequest.fromPartial(request));
    EventsStream.serve(client as unknown as Parameters<typeof EventsStream.serve>[0], publisher);
    return client;
  };
  /** Tells them, and waits until the subscribers have been woken. */
  const tell = async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids) publisher.tell(startOf(id));
    const last = ids.at(-1) ?? '';
    await new Promise<void>((resolve) => {
      const leave = publisher.subscribe(({ event }) => {
        if (event.containerId !== last) return;
        leave();
        resolve();
      });
    });
  };

  test('sends each event as it is told, without reading it back', async () => {
    const client = serve();
    const read = jest.spyOn(publisher.log, 'after');
    await tell('a', 'b', 'c');
    expect(client.got).toEqual(['a', 'b', 'c']);
    expect(read).not.toHaveBeenCalled();
  });

  test('who could not take some reads on where it was, and follows again: each event once, in order', async () => {
    const client = serve();
    await tell('a');
    client.writableNeedDrain = true;
    await tell('b', 'c');
    expect(client.got).toEqual(['a']);
    client.open();
    expect(client.got).toEqual(['a', 'b', 'c']);
    await tell('d');
    client.writableNeedDrain = true;
    client.open();
    await tell('e');
    expect(client.got).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('one of a single container follows past the events of the others', async () => {
    const client = serve({ id: 'mine' });
    const read = jest.spyOn(publisher.log, 'after');
    await tell('other', 'mine', 'other', 'mine');
    expect(client.got).toEqual(['mine', 'mine']);
    expect(read).not.toHaveBeenCalled();
    client.writableNeedDrain = true;
    await tell('mine', 'other');
    client.open();
    await tell('mine');
    expect(client.got).toEqual(['mine', 'mine', 'mine', 'mine']);
  });

  test('a replay goes on into what is told meanwhile', async () => {
    await tell('a', 'b');
    const client = serve({ timestamp: { seconds: 1n, nanos: 0 } });
    await tell('c');
    expect(client.got).toEqual(['a', 'b', 'c']);
  });

  test('one that has gone is sent nothing more', async () => {
    const client = serve();
    await tell('a');
    client.emit('cancelled');
    await tell('b');
    expect({ got: client.got, subscribers: publisher.subscribers }).toEqual({ got: ['a'], subscribers: 0 });
  });
});
