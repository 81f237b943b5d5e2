import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LogFile } from '../../../src/shim/log';

describe("the shim's log", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('writes one line for each thing, with its cause and what it is about', () => {
    const path = join(directory, 'log');
    const log = new LogFile(path);
    log.error('it went wrong', new Error('for a\n  reason'), 'web/init');
    log.info('by the way');
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^\d{4}-\S+Z \d+ error \[web\/init\] it went wrong: for a \| reason$/);
    expect(lines[1]).toMatch(/ info by the way$/);
  });

  test('keeps two files of the given size at most', () => {
    const path = join(directory, 'log');
    const log = new LogFile(path, 1000);
    for (let count = 0; count < 100; count++) log.info('x'.repeat(100));
    expect(readFileSync(`${path}.1`).length).toBeGreaterThan(1000);
    expect(readFileSync(`${path}.1`).length).toBeLessThan(1300);
    log.info('last');
    expect(readFileSync(path).length).toBeLessThan(1300);
  });

  test('says nothing where there is no place for it', () => {
    expect(() => new LogFile(join(directory, 'none', 'log')).error('unheard')).not.toThrow();
  });
});
