import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ProgramParts } from '../../../src/programs/parts';
import { RunKeeper } from '../../../src/programs/run-keeper';
import { EventLog } from '../../../src/supervisor/events/event-log';
import { EventPublisher } from '../../../src/supervisor/events/event-publisher';
import { startOf } from '../supervisor/event-kit';

describe('what becomes of programs', () => {
  const answered = () => new Promise((resolve) => { setImmediate(resolve); });
  /** Three turns of Node's loop: subscribers hear of an event two after it was told. */
  const heard = async () => { for (let turn = 0; turn < 3; turn += 1) await answered(); };
  afterEach(() => { jest.useRealTimers(); });

  test('is not written down before there is where: what a start finds ended waits for the records', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-keeper-'));
    const log = new EventLog({ path: join(directory, 'events.db'), retainCount: 500 });
    const publisher = new EventPublisher(log, () => undefined, () => undefined);
    const written: string[] = [];
    const definitions = { setStarted: (name: string) => Promise.resolve(void written.push(name)) };
    const keeper = new RunKeeper({ publisher, definitions, bootId: 'boot', log: { error: () => undefined } } as unknown as ProgramParts, () => undefined);
    try {
      publisher.tell({ ...startOf('web'), namespace: 'programs' });
      await heard();
      expect(written).toEqual([]);
      keeper.begin();
      expect(written).toEqual(['web']);
      publisher.tell({ ...startOf('next'), namespace: 'programs' });
      await heard();
      expect(written).toEqual(['web', 'next']);
    } finally {
      keeper.close();
      publisher.close();
      rmSync(directory, { recursive: true });
    }
  });

  test('is written down once it can be, where it could not at first', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-keeper-'));
    const log = new EventLog({ path: join(directory, 'events.db'), retainCount: 500 });
    const publisher = new EventPublisher(log, () => undefined, () => undefined);
    const written: string[] = [];
    const failures: unknown[] = [];
    let isFull = true;
    // A disk that is full cannot be had here without taking the event log's room, too.
    const definitions = { setStarted: (name: string) => {
      if (isFull) return Promise.reject(new Error('database or disk is full'));
      written.push(name);
      return Promise.resolve();
    } };
    const parts = { publisher, definitions, bootId: 'boot', log: { error: (details: unknown) => failures.push(details) } };
    const keeper = new RunKeeper(parts as unknown as ProgramParts, () => undefined);
    try {
      log.append({ ...startOf('web'), namespace: 'programs' });
      keeper.begin();
      await answered();
      expect([failures.length, written, log.fact('programs-read-through-ns')]).toEqual([1, [], undefined]);
      // Said once, however often it is tried.
      jest.runOnlyPendingTimers();
      await answered();
      expect([failures.length, written, log.fact('programs-read-through-ns')]).toEqual([1, [], undefined]);
      isFull = false;
      jest.runOnlyPendingTimers();
      await answered();
      expect([failures.length, written, log.fact('programs-read-through-ns')]).toEqual([1, ['web'], String(log.lastNs)]);
      expect(publisher.subscribers).toBe(0);
    } finally {
      keeper.close();
      publisher.close();
      rmSync(directory, { recursive: true });
    }
  });
});
