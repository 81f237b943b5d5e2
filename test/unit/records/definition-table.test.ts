import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { changes } from '../../../src/records/thread/changes';
import { openRecords } from '../../../src/records/thread/database';
import { Tables } from '../../../src/records/thread/tables';

const definition = { bundle: '', hostProgram: '{}', containerSpec: '', runtime: '', runtimeArgs: [], noPivot: false, labels: [], stdio: { stdin: '', stdout: '', stderr: '' }, removeAtEnd: false, keptOutput: undefined, openStdin: undefined };

test('a definition is put with what is asked of it, and without that what was asked stays', () => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-definitions-'));
  try {
    const tables = new Tables(openRecords(join(dir, 'holdfast.db'), () => undefined, () => undefined).db, 'holdfast.db');
    const wish = { up: true, sinceNs: 7n, by: { uid: 5, pid: 6 } };
    expect(changes.putDefinition(tables, 'web', definition, 1n)?.wish).toBeUndefined();
    expect(changes.putDefinition(tables, 'web', definition, 2n, wish)?.wish).toEqual(wish);
    expect(changes.putDefinition(tables, 'web', { ...definition, runtime: 'crun' }, 3n)).toMatchObject({ wish, definition: { runtime: 'crun' }, createdNs: 1n });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
