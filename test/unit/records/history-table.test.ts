import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { HistoryEntry } from '../../../src/records/history-record';
import { openRecords } from '../../../src/records/thread/database';
import { changes } from '../../../src/records/thread/changes';
import { Tables } from '../../../src/records/thread/tables';

const definition = { bundle: '', hostProgram: '{}', containerSpec: '', runtime: '', runtimeArgs: [], noPivot: false, labels: [], stdio: { stdin: '', stdout: '', stderr: '' }, removeAtEnd: false, keptOutput: undefined, openStdin: undefined };

describe('the history of programs', () => {
  let dir: string;
  let tables: Tables;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'holdfast-history-'));
    tables = new Tables(openRecords(join(dir, 'holdfast.db'), () => undefined, () => undefined).db, 'holdfast.db');
    for (const name of ['web', 'db']) changes.putDefinition(tables, name, definition, 1n);
  });
  afterEach(() => { rmSync(dir, { recursive: true }); });

  const entry = (atNs: bigint, type = 'start-container'): HistoryEntry => ({ atNs, type, eventId: atNs, status: 3, pid: 7, by: { uid: 5, pid: 6 }, detail: '{"reason":"x"}' });
  const timesOf = (names: readonly string[], most = 10): readonly string[] => changes.readHistory(tables, names, most).map(({ name, atNs }) => `${name} ${String(atNs)}`);

  test('is the newest of those that are asked for, oldest first, as it was written', () => {
    changes.setStarted(tables, 'web', 'boot', entry(10n));
    changes.addHistory(tables, 'db', entry(15n, 'backoff'));
    changes.setEnd(tables, 'web', { endedNs: 19n, status: 3, ranNs: undefined, unknown: undefined }, entry(20n, 'exit'));
    expect(timesOf([])).toEqual(['web 10', 'db 15', 'web 20']);
    expect(timesOf([], 2)).toEqual(['db 15', 'web 20']);
    expect(timesOf(['web', 'nobody'])).toEqual(['web 10', 'web 20']);
    expect(changes.readHistory(tables, ['db'], 1)).toEqual([{ name: 'db', ...entry(15n, 'backoff') }]);
  });

  test('has nothing twice that is read again from the log, and nothing of names that nobody remembers', () => {
    for (let times = 0; times < 2; times += 1) changes.setOutOfMemory(tables, 'web', entry(10n, 'oom'));
    changes.setStarted(tables, 'nobody', 'boot', entry(11n));
    expect(timesOf([])).toEqual(['web 10']);
  });

  test('keeps the last thousand entries of a program, whatever there is of others, and none of one that is forgotten', () => {
    changes.addHistory(tables, 'db', entry(1n));
    for (let at = 1n; at <= 1010n; at += 1n) changes.addHistory(tables, 'web', entry(at));
    const times = timesOf([], 5000);
    expect([times.length, times[0], times[1], times.at(-1)]).toEqual([1001, 'db 1', 'web 11', 'web 1010']);
    changes.deleteDefinition(tables, 'web');
    changes.putDefinition(tables, 'web', definition, 2n);
    expect(timesOf([])).toEqual(['db 1']);
  });
});
