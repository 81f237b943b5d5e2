import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { programKey } from '../../../src/programs/name';
import type { ProgramParts } from '../../../src/programs/parts';
import type { Program } from '../../../src/programs/program';
import { RunEvents } from '../../../src/programs/run-events';
import { EventLog } from '../../../src/supervisor/events/event-log';
import { EventPublisher } from '../../../src/supervisor/events/event-publisher';
import { startOf } from '../supervisor/event-kit';

describe('the ends of a program that its followers are told of', () => {
  const heard = async () => { for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => { setImmediate(resolve); }); };

  test('say that its memory has run out, also where that is not written down yet, and of that run alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-run-events-'));
    const log = new EventLog({ path: join(directory, 'events.db'), retainCount: 500 });
    const publisher = new EventPublisher(log, () => undefined, () => undefined);
    // The record of a run whose OOM kill is on its way to the disk.
    const record = { isUp: true, outOfMemory: false, startedNs: 1n, definition: { removeAtEnd: false } };
    const events = new RunEvents({ publisher, definitions: { find: () => record } } as unknown as ProgramParts, { key: programKey('web') } as unknown as Program, undefined, () => undefined);
    const tell = (event: object): void => { publisher.tell({ ...startOf('web'), ...event, namespace: 'programs' }); };
    try {
      tell({ type: 'oom' });
      tell({ type: 'exit', processId: 'init', status: 137 });
      tell({ startKey: '4:5:6' });
      tell({ type: 'exit', processId: 'init', status: 3, startKey: '4:5:6' });
      await heard();
      expect(events.drain().map(({ end }) => [end?.status, end?.outOfMemory])).toEqual([[137, true], [3, false]]);
    } finally {
      events.close();
      publisher.close();
      rmSync(directory, { recursive: true });
    }
  });
});
