import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from '../../../../src/runtime/logger';
import { EventLog } from '../../../../src/supervisor/events/event-log';
import { importJournal } from '../../../../src/supervisor/events/import-journal';

const id = '4d89a50e0e0cfb3d3c3c39e4cf3d4f0f8f16c1f8bdb2a1b19ea5b7d2fb391716';
/** Lines as an original daemon writes them: nanoseconds with trailing zeros cut off, and its own zone. */
const journal = [
  `{"id":"${id}","type":"start-container","timestamp":"2017-11-20T10:15:30.123456789Z"}`,
  `{"id":"${id}","type":"start-process","timestamp":"2017-11-20T12:15:31.5+02:00","pid":"exec1"}`,
  `{"id":"${id}","type":"exit","timestamp":"2017-11-20T10:15:32Z","pid":"exec1","status":137}`,
  `{"id":"${id}","type":"exit","timestamp":"2017-11-20T10:15:33.000000001Z","pid":"init","status":0}`,
].join('\n');
const at = (seconds: number, nanos: number): bigint => BigInt(Date.parse('2017-11-20T10:15:00Z')) * 1_000_000n + BigInt(seconds) * 1_000_000_000n + BigInt(nanos);

describe("the original's journal", () => {
  let directory: string;
  let path: string;
  let log: EventLog;
  let said: string[];
  const logger: Logger = { debug: () => undefined, info: (fields) => said.push(JSON.stringify(fields)), warn: () => undefined, error: (_fields, message) => said.push(message) };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-journal-'));
    path = join(directory, 'events.log');
    log = new EventLog({ path: join(directory, 'events.db'), retainCount: 500 });
    said = [];
  });
  afterEach(() => {
    log.close();
    rmSync(directory, { recursive: true });
  });

  const read = (): unknown[] => log.after(0n, 100).map(({ type, processId, status, timestampNs }) => [type, processId, status, timestampNs]);

  test('is taken over with its times, names and statuses', () => {
    writeFileSync(path, `${journal}\n`);
    importJournal(path, log, logger);
    expect(read()).toEqual([
      ['start-container', '', 0, at(30, 123_456_789)],
      ['start-process', 'exec1', 0, at(31, 500_000_000)],
      ['exit', 'exec1', 137, at(32, 0)],
      ['exit', 'init', 0, at(33, 1)],
    ]);
    expect(said).toEqual([JSON.stringify({ path, imported: 4, skipped: 0 })]);
  });

  test('is taken over once, and again only what an original has added', () => {
    writeFileSync(path, `${journal}\n`);
    importJournal(path, log, logger);
    importJournal(path, log, logger);
    expect(read()).toHaveLength(4);
    appendFileSync(path, `{"id":"new","type":"start-container","timestamp":"2017-11-20T10:16:00Z"}\n`);
    importJournal(path, log, logger);
    expect(log.after(0n, 100).map((event) => event.containerId)).toEqual([id, id, id, id, 'new']);
  });

  test('what a power cut, or anybody else, has left in it costs these lines only', () => {
    const lines = journal.split('\n');
    const strange = ['\0'.repeat(4096), '{"id":"x"', '[]', 'null', '7', '{"id":1,"type":"exit","timestamp":"2017-11-20T10:15:34Z"}', '{"id":"x","type":"exit"}', '{"id":"x","type":"exit","timestamp":"yesterday"}', '{"id":"x","type":"nope","timestamp":"2017-11-20T10:15:34Z"}'];
    writeFileSync(path, [lines[0], ...strange, ...lines.slice(1), '\0'.repeat(512)].join('\n'));
    importJournal(path, log, logger);
    expect(read()).toHaveLength(4);
    expect(said).toEqual([JSON.stringify({ path, imported: 4, skipped: strange.length + 1 })]);
  });

  test('never makes an event older than one that was told', () => {
    log.append({ type: 'start-container', containerId: 'ours', processId: '', status: 0, startKey: 'k' }, undefined, at(32, 500));
    writeFileSync(path, journal);
    importJournal(path, log, logger);
    expect(log.after(0n, 100).map((event) => event.type)).toEqual(['start-container', 'exit']);
  });

  test('is passed by where there is none, where it is no file, and where it cannot be one of events', () => {
    importJournal(path, log, logger);
    mkdirSync(path);
    importJournal(path, log, logger);
    rmSync(path, { recursive: true });
    expect(said).toEqual([]);
    writeFileSync(path, '');
    truncateSync(path, 65 * 1024 * 1024);
    importJournal(path, log, logger);
    expect(said).toEqual(['the journal is too large to be one of events, and is not imported']);
    expect(read()).toEqual([]);
  });
});
