import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventLog } from '../../../../src/supervisor/events/event-log';
import { Subscriptions } from '../../../../src/supervisor/events/subscriptions';
import { endOf, startOf } from '../event-kit';

const namespace = 'moby';
const hourMs = 3_600_000;

describe('subscriptions', () => {
  let directory: string;
  let log: EventLog;
  let subscriptions: Subscriptions;
  const open = (): void => {
    log = new EventLog({ path: join(directory, 'events.db'), retainCount: 0 });
    subscriptions = new Subscriptions(log);
  };
  const close = (): void => {
    subscriptions.close();
    log.close();
  };
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['Date'] });
    directory = mkdtempSync(join(tmpdir(), 'holdfast-subscriptions-'));
    open();
  });
  afterEach(() => {
    close();
    jest.useRealTimers();
    rmSync(directory, { recursive: true });
  });

  const exit = (containerId: string, processId = 'init'): void => {
    log.recordEnd({ ...endOf(containerId), processId, namespace });
    log.tell({ ...endOf(containerId), processId, namespace });
  };
  /** Far more than is retained. */
  const noise = (): void => {
    for (let round = 0; round < 300; round += 1) log.append({ ...startOf(`other${String(round)}`, ''), type: 'pause' });
  };
  const enter = (name = 'who', client?: string): NonNullable<ReturnType<Subscriptions['enter']>> => {
    const reader = subscriptions.enter(name, namespace, client);
    if (reader === undefined) throw new Error('there are too many');
    return reader;
  };
  /** Comes, is sent what was held, and goes. */
  const visit = (name?: string, client?: string): string[] => {
    const reader = enter(name, client);
    const held = [...reader.held()];
    held.forEach((event) => { reader.sent(event); });
    jest.advanceTimersByTime(1);
    reader.close();
    return held.map(({ type, containerId, processId }) => `${type} ${containerId} ${processId}`);
  };

  test('send what was held to the same process, and not to another, which asks for itself', () => {
    visit('who', '10 5000');
    exit('a');
    close();
    open();
    expect(visit('who', '10 5000')).toEqual(['exit a init']);
    exit('b');
    expect(visit('who', '10 6000')).toEqual([]);
    exit('c');
    close();
    open();
    expect(visit('who', '10 6000')).toEqual(['exit c init']);
    // Where nobody knows who it is, nothing is lost.
    exit('d');
    expect(visit('who')).toEqual(['exit d init']);
  });

  test('hold exits, OOMs and deletions until they are sent, however few events are retained and whoever is restarted', () => {
    expect(visit()).toEqual([]);
    log.append({ ...startOf('a'), namespace });
    exit('a', 'job');
    log.append({ ...startOf('a', ''), type: 'oom', namespace });
    exit('a');
    log.append({ ...startOf('a', ''), type: 'delete', namespace });
    log.recordEnd(endOf('theirs'));
    log.tell(endOf('theirs'));
    noise();
    close();
    open();
    const expected = ['exit a job', 'oom a ', 'exit a init', 'delete a '];
    expect([...enter().held()].map(({ type, containerId, processId }) => `${type} ${containerId} ${processId}`)).toEqual(expected);
    // Not sent: whoever came has died.
    close();
    open();
    expect(visit()).toEqual(expected);
    expect(visit()).toEqual([]);
    close();
    open();
    expect(visit()).toEqual([]);
    // What only the subscription has kept is gone: the last end of each container stays.
    noise();
    expect(log.after(0n, 1000, { namespace }).map(({ type, processId }) => `${type} ${processId}`)).toEqual(['exit init']);
  });

  test('hold nothing of a task that was created anew since, and nothing for who never came', () => {
    visit();
    exit('a');
    exit('b');
    log.append({ ...startOf('a', '4:5:6'), type: 'create', namespace });
    expect(visit('another')).toEqual([]);
    expect(visit()).toEqual(['exit b init']);
  });

  test('keep apart who subscribes in other words', () => {
    visit('one');
    visit('two');
    exit('a');
    expect(visit('one')).toEqual(['exit a init']);
    expect(visit('one')).toEqual([]);
    expect(visit('two')).toEqual(['exit a init']);
  });

  test('wait for an hour, counted from when nobody is there or the daemon begins', () => {
    visit();
    exit('a', 'job');
    jest.advanceTimersByTime(hourMs - 1000);
    close();
    open();
    jest.advanceTimersByTime(hourMs - 1000);
    const reader = enter();
    jest.advanceTimersByTime(10 * hourMs);
    expect([...reader.held()]).toHaveLength(1);
    reader.close();
    reader.close();
    jest.advanceTimersByTime(hourMs + 1000);
    expect(log.subscriptions()).toEqual([]);
    expect(visit()).toEqual([]);
  });

  test('are so many at most; beyond that a subscriber is like any other', () => {
    for (let index = 0; index < 64; index += 1) visit(`who${String(index)}`);
    expect(subscriptions.enter('one more', namespace)).toBeUndefined();
    expect(visit('who3')).toEqual([]);
  });
});
