import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { locateRuntime, resolveRuntime } from '../../../../src/runtime/oci/runtime-program';
import { foreignHere } from '../../../support/foreign-here';
import { thrownBy, useScratch } from '../scratch';

describe('resolveRuntime', () => {
  const scratch = useScratch();
  const none = new Map<string, string>();
  const searchPath = (): string => `relative::${scratch()}/a:${scratch()}/b`;
  const program = (name: string, mode = 0o755): string => {
    const path = join(scratch(), name);
    writeFileSync(path, '', { mode });
    return path;
  };
  beforeEach(() => {
    mkdirSync(join(scratch(), 'a'));
    mkdirSync(join(scratch(), 'b'));
  });

  test('the first program of the name in PATH', () => {
    program('a/runc', 0o644);
    mkdirSync(join(scratch(), 'a/crun'));
    const [runc, crun] = [program('b/runc'), program('b/crun')];
    expect(resolveRuntime('runc', none, searchPath())).toBe(runc);
    expect(resolveRuntime('crun', none, searchPath())).toBe(crun);
  });

  test('an absolute path is taken as it is', () => {
    const path = program('b/my-runtime');
    expect(resolveRuntime(path, none, '')).toBe(path);
  });

  test('docker-runc is runc where there is none', () => {
    const runc = program('a/runc');
    expect(resolveRuntime('docker-runc', none, searchPath())).toBe(runc);
    const legacy = program('b/docker-runc');
    expect(resolveRuntime('docker-runc', none, searchPath())).toBe(legacy);
  });

  test('the configured programs come first', () => {
    program('a/docker-runc');
    const path = program('b/todays-runc');
    expect(resolveRuntime('docker-runc', new Map([['docker-runc', path]]), searchPath())).toBe(path);
    expect(resolveRuntime('x', new Map([['x', 'todays-runc']]), searchPath())).toBe(path);
  });

  test('the configured runc stands in for docker-runc too', () => {
    const path = program('b/todays-runc');
    expect(resolveRuntime('docker-runc', new Map([['runc', path]]), '')).toBe(path);
  });

  test('one that is named by its path is looked for where that cannot hang', async () => {
    const path = program('b/my-runtime');
    expect(await locateRuntime(foreignHere, path, none)).toBe(path);
    for (const missing of ['/nowhere/runc', `${path}/runc`]) {
      await expect(locateRuntime(foreignHere, missing, none)).rejects.toMatchObject({ code: 'runtime-not-installed', message: `${missing} not installed on system` });
      await expect(locateRuntime(foreignHere, 'x', new Map([['x', missing]]))).rejects.toMatchObject({ message: 'x not installed on system' });
    }
  });

  test.each(['nosuch', '', './runc', 'a/runc', '../runc'])('%j is not installed', (name) => {
    program('a/runc');
    expect(thrownBy(() => resolveRuntime(name, none, searchPath()))).toMatchObject({
      code: 'runtime-not-installed',
      message: `${name} not installed on system`,
    });
  });
});
