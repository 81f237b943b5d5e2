import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';


import { RuntimeError } from '../../../../src/runtime/errors';
import { type ContainerRecord, readContainerRecord, writeContainerRecord } from '../../../../src/runtime/state-dir/state-file';
import { fc } from '../../../support/property';
import { thrownBy, useScratch } from '../scratch';

// As dockerd 17.10 had it written by the original.
const legacy =
  '{"bundle":"/var/run/docker/libcontainerd/4d89","labels":null,"stdin":"","stdout":"","stderr":"",' +
  '"runtime":"docker-runc","runtimeArgs":null,"shim":"docker-containerd-shim","noPivotRoot":false}';
const record: ContainerRecord = {
  bundle: '/var/run/docker/libcontainerd/4d89',
  labels: [],
  runtime: 'docker-runc',
  runtimeArgs: [],
  shim: 'docker-containerd-shim',
  noPivotRoot: false,
};

describe('state.json', () => {
  const scratch = useScratch();
  const path = (): string => join(scratch(), 'state.json');

  test('is written as the original writes it', () => {
    writeContainerRecord(scratch(), record);
    expect(readFileSync(path(), 'utf8').trimEnd()).toBe(legacy);
  });

  test('the original’s is read', () => {
    writeFileSync(path(), legacy);
    expect(readContainerRecord(scratch())).toEqual(record);
  });

  test('whatever is written is read back', () => {
    const records = fc.record({
      bundle: fc.string().map((name) => `/${name.replaceAll('\0', '')}`),
      labels: fc.array(fc.string({ unit: 'grapheme' })),
      runtime: fc.string(),
      runtimeArgs: fc.array(fc.string()),
      shim: fc.string(),
      noPivotRoot: fc.boolean(),
    });
    fc.assert(
      fc.property(records, (any) => {
        writeContainerRecord(scratch(), any);
        expect(readContainerRecord(scratch())).toEqual(any);
      }),
    );
  });

  test.each([
    ['bundle', '"x"', /bundle: expected an absolute path/],
    ['bundle', 'null', /bundle: expected a string, found null/],
    ['labels', '{}', /labels: expected a list of strings, found an object/],
    ['labels', '[1]', /labels: expected a list of strings/],
    ['runtime', '7', /runtime: expected a string, found the number 7/],
    ['runtimeArgs', '"-v"', /runtimeArgs: expected a list/],
    ['shim', 'true', /shim: expected a string, found true/],
    ['noPivotRoot', '"no"', /noPivotRoot: expected true or false/],
  ])('%s as %s is named', (member, value, message) => {
    writeFileSync(path(), legacy.replace(new RegExp(`"${member}":("[^"]*"|\\w+)`), `"${member}":${value}`));
    const error = thrownBy(() => readContainerRecord(scratch()));
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error).toMatchObject({ code: 'bad-file' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path());
  });

  test.each([
    ['empty', ''],
    ['NUL bytes', '\0'.repeat(300)],
    ['cut off', legacy.slice(0, 40)],
    ['a list', '[]'],
    ['larger than any', `"${'x'.repeat(1 << 20)}"`],
  ])('one that is %s is an error of one line', (_, content) => {
    writeFileSync(path(), content);
    const error = thrownBy(() => readContainerRecord(scratch()));
    expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining(path()) as string });
    expect(error.message).not.toMatch(/[\0\n]/);
  });

  test.each([
    ['nothing', () => undefined, /no such file or directory/],
    ['a directory', (at: string) => mkdirSync(at), /not a regular file/],
    ['a FIFO', (at: string) => execFileSync('mkfifo', [at]), /not a regular file/],
    ['a symbolic link', (at: string) => symlinkSync('/etc/hostname', at), /symbolic links/],
  ])('%s in its place is an error at once', (_, make, message) => {
    make(path());
    expect(thrownBy(() => readContainerRecord(scratch()))).toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    });
  });
});
