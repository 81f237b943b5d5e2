import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EndProgress, Fact, NewEvent, RecordedEnd, StoredEvent } from '../../../../src/supervisor/events/event';
import { EventLog } from '../../../../src/supervisor/events/event-log';
import { EventPublisher } from '../../../../src/supervisor/events/event-publisher';
import { thrownBy } from '../../runtime/scratch';
import { endOf, startOf } from '../event-kit';

/** A log on a disk that can be full. */
class Disk extends EventLog {
  isFull = false;

  override append(event: NewEvent, fact?: Fact): StoredEvent {
    this.#check();
    return super.append(event, fact);
  }

  override recordEnd(end: RecordedEnd): EndProgress {
    this.#check();
    return super.recordEnd(end);
  }

  override tell(end: RecordedEnd): StoredEvent | undefined {
    this.#check();
    return super.tell(end);
  }

  #check(): void {
    if (this.isFull) throw new Error('database or disk is full');
  }
}

describe('the publisher', () => {
  let directory: string;
  let disk: Disk;
  let publisher: EventPublisher;
  let troubles: number;
  let retries: number;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['Date'] });
    directory = mkdtempSync(join(tmpdir(), 'holdfast-publisher-'));
    disk = new Disk({ path: join(directory, 'events.db'), retainCount: 500 });
    troubles = 0;
    retries = 0;
    publisher = new EventPublisher(
      disk,
      () => (troubles += 1),
      () => {
        retries += 1;
        publisher.writeWaiting();
      },
    );
  });
  afterEach(() => {
    publisher.close();
    jest.useRealTimers();
    rmSync(directory, { recursive: true });
  });

  const types = (): string[] => disk.after(0n, 100).map((event) => `${event.type} ${event.containerId}`);

  /** The turns that an answer takes: its message, and its trailers. An immediate that another one makes is a fake millisecond later. */
  const answered = (): void => {
    jest.advanceTimersByTime(0);
    jest.advanceTimersByTime(1);
  };

  test('wakes its subscribers when an event is in the log and the answer that it comes with has gone, until they leave', () => {
    const seen: string[] = [];
    const leave = publisher.subscribe(({ event }) => seen.push(event.containerId));
    publisher.tell(startOf('a'));
    publisher.mustTell(startOf('b'));
    expect(types()).toEqual(['start-container a', 'start-container b']);
    jest.advanceTimersByTime(0);
    expect(seen).toEqual([]);
    answered();
    expect(seen).toEqual(['a', 'b']);
    leave();
    publisher.tell(startOf('c'));
    answered();
    expect(seen).toHaveLength(2);
    expect(publisher.subscribers).toBe(0);
  });

  test('an end is told at once, after what was told before it', () => {
    const seen: string[] = [];
    publisher.subscribe(({ event }) => seen.push(event.type));
    publisher.tell(startOf('a'));
    publisher.recordEnd(endOf('a'), () => undefined);
    publisher.tellEnd(endOf('a'), () => undefined);
    expect(seen).toEqual(['start-container', 'exit']);
    answered();
    expect(seen).toHaveLength(2);
  });

  test('one that is closed wakes nobody', () => {
    const woken = jest.fn();
    publisher.subscribe(woken);
    publisher.tell(startOf('a'));
    publisher.close();
    answered();
    expect(woken).not.toHaveBeenCalled();
  });

  test('an end is recorded silently, and told after what comes before the telling', () => {
    const steps: string[] = [];
    publisher.subscribe(() => steps.push('subscribers'));
    publisher.recordEnd(endOf('a', 3), (progress) => steps.push(progress));
    publisher.tellEnd(endOf('a'), () => steps.push(`removed ${types().join()}`));
    expect(steps).toEqual(['recorded', 'removed exit a', 'subscribers']);
  });

  test('a full disk refuses a start, and says why', () => {
    disk.isFull = true;
    const refusal = thrownBy(() => publisher.mustTell(startOf('a')));
    expect(refusal).toMatchObject({ code: 'log-unavailable' });
    expect(refusal.message).toContain('disk is full');
    expect(publisher.backlog).toBe(0);
  });

  test('on a full disk all else waits, in order, and nobody hears of it before it is written', () => {
    let woken = 0;
    publisher.subscribe(() => (woken += 1));
    const steps: string[] = [];
    disk.isFull = true;
    publisher.recordEnd(endOf('a', 1), () => steps.push('recorded a'));
    publisher.tell({ ...startOf('b'), type: 'oom' });
    publisher.tellEnd(endOf('a'), () => steps.push('told a'));
    expect({ steps, woken, troubles, backlog: publisher.backlog }).toEqual({ steps: [], woken: 0, troubles: 1, backlog: 3 });
    // A start is refused as long as anything waits: it would overtake it.
    disk.isFull = false;
    expect(thrownBy(() => publisher.mustTell(startOf('c')))).toMatchObject({ code: 'log-unavailable' });
    disk.isFull = true;
    jest.advanceTimersByTime(3000);
    expect({ retries, troubles, backlog: publisher.backlog }).toEqual({ retries: 3, troubles: 4, backlog: 3 });
    disk.isFull = false;
    jest.advanceTimersByTime(1000);
    expect(steps).toEqual(['recorded a', 'told a']);
    expect(types()).toEqual(['oom b', 'exit a']);
    expect({ woken, backlog: publisher.backlog }).toEqual({ woken: 2, backlog: 0 });
    jest.advanceTimersByTime(10_000);
    expect(retries).toBe(4);
    publisher.mustTell(startOf('c'));
  });

  test('what was written in part is not written twice', () => {
    disk.isFull = true;
    publisher.tell(startOf('a'));
    disk.isFull = false;
    publisher.tell(startOf('b'));
    publisher.writeWaiting();
    publisher.writeWaiting();
    expect(types()).toEqual(['start-container a', 'start-container b']);
  });
});
