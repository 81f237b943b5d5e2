import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openRecords, openToRead } from '../../../src/records/thread/database';
import { everMade } from '../../../src/sys/lasting-database';
import { openDatabase } from '../../../src/supervisor/events/event-log-schema';

describe('databases and their statements', () => {
  let directory: string;
  let madeBefore: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-lasting-'));
    madeBefore = everMade.length;
  });
  afterEach(() => { rmSync(directory, { recursive: true }); });

  const made = (): string[] => everMade.slice(madeBefore).map((one) => one.constructor.name);

  test('stay in memory, also those that are closed', () => {
    const db = openDatabase(join(directory, 'events.db'));
    db.prepare('SELECT 1');
    db.close();
    expect(made()).toEqual(['Database', 'Statement', 'Statement', 'Statement']);
  });

  test('stay in memory, also those that are none', () => {
    const path = join(directory, 'holdfast.db');
    writeFileSync(path, 'no database, '.repeat(1000));
    expect(() => openDatabase(path)).toThrow('file is not a database');
    expect(made()).toEqual(['Database']);
    const { db } = openRecords(path, () => undefined, () => undefined);
    db.close();
    const databases = made().filter((name) => name === 'Database');
    expect(databases).toHaveLength(3);
    openToRead(path).close();
    expect(made().filter((name) => name === 'Database').length).toBeGreaterThan(3);
  });
});
