import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCheckpointRecord, writeCheckpointRecord } from '../../../../src/runtime/state-dir/checkpoint-file';
import { thrownBy, useScratch } from '../scratch';

const record = { created: '2016-04-13T12:00:00.5Z', name: 'c1', tcp: true, unixSockets: false, shell: true, exit: false, emptyNS: ['network'] };

describe('a checkpoint’s config.json', () => {
  const scratch = useScratch();
  const path = (): string => join(scratch(), 'config.json');

  test('is written and read back', () => {
    writeCheckpointRecord(scratch(), record);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual(record);
    expect(readCheckpointRecord(scratch())).toEqual(record);
    writeCheckpointRecord(scratch(), { ...record, emptyNS: [] });
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toMatchObject({ emptyNS: null });
    expect(readCheckpointRecord(scratch())).toMatchObject({ emptyNS: [] });
  });

  test('the original’s, with what it leaves out, is read', () => {
    writeFileSync(path(), '{"created":"2016-04-13T12:00:00Z","name":"c1","exit":true}');
    expect(readCheckpointRecord(scratch())).toEqual({
      created: '2016-04-13T12:00:00Z', name: 'c1', tcp: false, unixSockets: false, shell: false, exit: true, emptyNS: [],
    });
  });

  test('a wrong type is named', () => {
    writeFileSync(path(), '{"name":"c1","tcp":"yes"}');
    expect(thrownBy(() => readCheckpointRecord(scratch()))).toMatchObject({
      code: 'bad-file',
      message: `${path()}: tcp: expected true or false, found a string`,
    });
  });
});
