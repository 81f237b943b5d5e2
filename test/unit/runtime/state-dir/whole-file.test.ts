import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeWhole } from '../../../../src/runtime/state-dir/whole-file';
import { useScratch } from '../scratch';

const scratch = useScratch();

test('makes a file with the mode asked for, and replaces one', () => {
  const path = join(scratch(), 'file');
  writeWhole(path, 'one');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeWhole(path, Buffer.from('two'), 0o640);
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(scratch())).toEqual(['file']);
});

test('replaces a FIFO and a symbolic link, rather than writing through them', () => {
  const [fifo, link, target] = ['fifo', 'link', 'target'].map((name) => join(scratch(), name)) as [string, string, string];
  execFileSync('mkfifo', [fifo]);
  writeFileSync(target, 'untouched');
  symlinkSync(target, link);
  writeWhole(fifo, 'a');
  writeWhole(link, 'b');
  expect(readFileSync(fifo, 'utf8')).toBe('a');
  expect(readFileSync(link, 'utf8')).toBe('b');
  expect(readFileSync(target, 'utf8')).toBe('untouched');
});

test('takes no notice of what a killed process of the same pid left', () => {
  const path = join(scratch(), 'file');
  writeFileSync(`${path}.${process.pid}.new`, 'half');
  writeWhole(path, 'whole');
  expect(readdirSync(scratch())).toEqual(['file']);
});

test('a failure leaves the old content and nothing else', () => {
  const path = join(scratch(), 'directory');
  mkdirSync(path);
  expect(() => writeWhole(path, 'x')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(scratch())).toEqual(['directory']);
  expect(() => writeWhole(join(scratch(), 'nowhere', 'file'), 'x')).toThrow(/ENOENT/);
});
