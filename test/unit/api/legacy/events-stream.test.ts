import { type Metadata, status } from '@grpc/grpc-js';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventsStream } from '../../../../src/api/legacy/events-stream';
import { type Event, EventsRequest } from '../../../../src/api/gen/legacy/api';
import { EventLog } from '../../../../src/supervisor/events/event-log';
import { EventPublisher } from '../../../../src/supervisor/events/event-publisher';
import { startOf } from '../../supervisor/event-kit';

/** A client's stream whose window closes when a test says so: of a real one only the client decides. */
class Client extends EventEmitter {
  readonly got: string[] = [];
  writableNeedDrain = false;
  headers: ReturnType<Metadata['getMap']> = {};
  ending: string | undefined;

  constructor(readonly request: EventsRequest) {
    super();
    this.on('error', ({ code }: { readonly code: number }) => { this.ending = status[code]; });
  }

  sendMetadata(headers: Metadata): void {
    this.headers = headers.getMap();
  }

  end(): void {
    this.ending = 'end';
  }

  write(event: Event): boolean {
    this.got.push(event.type === 'live' ? 'live' : event.id);
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

  test('tells nothing of other namespaces, and nothing that its clients do not know', async () => {
    const tellOthers = (): void => {
      publisher.tell({ ...startOf('theirs'), namespace: 'moby' });
      publisher.tell({ ...startOf('mine'), type: 'exec-added' });
    };
    tellOthers();
    await tell('mine');
    const clients = [serve({ timestamp: { seconds: 1n, nanos: 0 } }), serve({ timestamp: { seconds: 1n, nanos: 0 }, id: 'mine' })];
    tellOthers();
    await tell('mine');
    for (const client of clients) expect(client.got).toEqual(['mine', 'mine']);
    expect(serve({ timestamp: { seconds: 1n, nanos: 0 }, id: 'theirs' }).got).toEqual([]);
  });

  test('a replay goes on into what is told meanwhile', async () => {
    await tell('a', 'b');
    const client = serve({ timestamp: { seconds: 1n, nanos: 0 } });
    await tell('c');
    expect(client.got).toEqual(['a', 'b', 'c']);
  });

  test('a client of the first days is told once where history ends, as soon as it takes it', async () => {
    await tell('a', 'b');
    const client = serve({ seconds: 1n });
    await tell('c');
    expect(client.got).toEqual(['a', 'b', 'live', 'c']);
    const slow = new Client(EventsRequest.fromPartial({ seconds: 1n, id: 'b' }));
    slow.writableNeedDrain = true;
    EventsStream.serve(slow as unknown as Parameters<typeof EventsStream.serve>[0], publisher);
    await tell('b');
    expect(slow.got).toEqual([]);
    slow.open();
    await tell('b');
    expect(slow.got).toEqual(['b', 'b', 'live', 'b']);
  });

  test('is told where something is missing of what it asks for; only a replay of everything since an event fails for it', async () => {
    await tell('first');
    const since = publisher.log.lastNs;
    const at = { seconds: since / 1_000_000_000n, nanos: Number(since % 1_000_000_000n) };
    const ask = (request: Partial<EventsRequest>): string => {
      const client = serve(request);
      const isMissing = client.headers['holdfast-events-missed-through'] !== undefined;
      client.emit('close');
      return `${isMissing ? 'missing' : 'whole'} ${client.ending ?? 'open'} ${client.got.at(-1) ?? 'none'}`;
    };
    expect(ask({ timestamp: at, storedOnly: true })).toBe('whole end none');
    for (let round = 0; round < 1000; round += 1) publisher.log.append({ ...startOf(`c${String(round)}`, ''), type: 'pause' });
    await tell('last');
    expect(ask({ timestamp: at, storedOnly: true })).toBe('missing DATA_LOSS last');
    expect(ask({ timestamp: at })).toBe('missing open last');
    expect(ask({ timestamp: at, storedOnly: true, id: 'first' })).toBe('missing end none');
    expect(ask({ timestamp: { seconds: 0n, nanos: 0 }, storedOnly: true })).toBe('missing end last');
    expect(ask({ timestamp: { seconds: 0n, nanos: 0 }, storedOnly: true, id: 'last' })).toBe('missing end last');
    expect(ask({})).toBe('whole open none');
  });

  test('one that reads more slowly than events are dropped gets an error', async () => {
    const client = serve();
    client.writableNeedDrain = true;
    for (let round = 0; round < 1000; round += 1) publisher.log.append({ ...startOf('busy', ''), type: 'pause' });
    await tell('last');
    client.open();
    expect(client.ending).toBe('DATA_LOSS');
  });

  test('one that has gone is sent nothing more', async () => {
    const client = serve();
    await tell('a');
    client.emit('cancelled');
    await tell('b');
    expect({ got: client.got, subscribers: publisher.subscribers }).toEqual({ got: ['a'], subscribers: 0 });
  });
});
