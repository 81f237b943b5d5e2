import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadBundle, reloadBundle, removeLiftedBundle } from '../../../../src/runtime/bundle/bundle';
import { RuntimeError } from '../../../../src/runtime/errors';
import { foreignHere } from '../../../support/foreign-here';
import { thrownBy, useScratch } from '../scratch';

const fixtures = join(__dirname, '../../../fixtures/oci-spec');
const modern = {
  ociVersion: '1.0.0',
  process: { terminal: true, user: { uid: 0, gid: 0 }, args: ['sh'], cwd: '/' },
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
};

describe('loadBundle', () => {
  const scratch = useScratch();
  const bundle = (): string => join(scratch(), 'bundle');
  const lifted = (): string => join(scratch(), 'state.holdfast/bundles/c1');
  const config = (): string => join(bundle(), 'config.json');
  beforeEach(() => {
    mkdirSync(bundle());
  });
  const write = (spec: unknown): void => {
    writeFileSync(config(), typeof spec === 'string' ? spec : JSON.stringify(spec));
  };
  const load = (): ReturnType<typeof loadBundle> => loadBundle(foreignHere, bundle(), { path: lifted(), setsOomScore: false });
  const failureOfLoading = (): Promise<Error> =>
    load().then(() => { throw new Error('it was loaded'); }, (error: unknown) => error as Error);

  test('a spec that needs no lift is used where it is', async () => {
    write(modern);
    expect(await load()).toEqual({
      path: bundle(), runtimePath: bundle(), processSpec: modern.process, hasPidNamespace: true, terminal: true, rootUid: 0, rootGid: 0,
    });
    expect(existsSync(lifted())).toBe(false);
  });

  test.each(['docker-1.11.2.json', 'docker-17.05.0-ce.json'])('%s is lifted beside the client’s, which stays as it is', async (name) => {
    cpSync(join(fixtures, name), config());
    const before = readFileSync(config(), 'utf8');
    const loaded = await load();
    expect(loaded).toMatchObject({ path: bundle(), runtimePath: lifted(), hasPidNamespace: true, terminal: false });
    expect(readFileSync(config(), 'utf8')).toBe(before);
    const text = readFileSync(join(lifted(), 'config.json'), 'utf8');
    expect(text).toContain('"hard":18446744073709551615,"soft":18446744073709551615');
    expect(JSON.parse(text)).toMatchObject({ ociVersion: '1.0.0', process: { oomScoreAdj: 0, user: { uid: 0, gid: 0 } } });
    expect(loaded.processSpec.capabilities?.bounding).toContain('CAP_KILL');
    expect(loaded.processSpec.rlimits?.[1]?.hard).toBe(18446744073709551615n);
    expect(statSync(join(lifted(), 'config.json')).mode & 0o777).toBe(0o600);
  });

  test('a lifted spec’s relative paths point to the client’s bundle', async () => {
    const mounts = [
      { destination: '/a', type: 'bind', source: 'a' },
      { destination: '/b', source: './b', options: ['rbind'] },
      { destination: '/c', type: 'bind', source: '/c' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ];
    write({ ...modern, ociVersion: '0.6.0', mounts });
    await load();
    const spec = JSON.parse(readFileSync(join(lifted(), 'config.json'), 'utf8')) as { root: object; mounts: { source: string }[] };
    expect(spec.root).toEqual({ path: join(bundle(), 'rootfs') });
    expect(spec.mounts.map(({ source }) => source)).toEqual([join(bundle(), 'a'), join(bundle(), 'b'), '/c', 'tmpfs']);
  });

  test('a namespace that is joined is not the container’s own', async () => {
    write({ ...modern, linux: { namespaces: [{ type: 'pid', path: '/proc/1/ns/pid' }] } });
    expect((await load()).hasPidNamespace).toBe(false);
    write({ ...modern, linux: null, platform: null });
    expect((await load()).hasPidNamespace).toBe(false);
  });

  test('the host’s ids of root come from the user namespace’s mappings', async () => {
    const uidMappings = [{ containerID: 1, hostID: 1, size: 9 }, { containerID: 0, hostID: 100000, size: 1 }];
    const linux = { namespaces: [{ type: 'user' }], uidMappings, gidMappings: [{ containerID: 0, hostID: 4294967295, size: 1 }] };
    write({ ...modern, linux });
    expect(await load()).toMatchObject({ rootUid: 100000, rootGid: 4294967295 });
    write({ ...modern, linux: { ...linux, namespaces: [] } });
    expect(await load()).toMatchObject({ rootUid: 0, rootGid: 0 });
  });

  test('a linked config.json is read', async () => {
    write(modern);
    renameSync(config(), join(scratch(), 'elsewhere.json'));
    symlinkSync('../elsewhere.json', config());
    expect((await load()).runtimePath).toBe(bundle());
  });

  test.each([
    ['', /^empty bundle path$/],
    ['relative/bundle', /^bundle path "relative\/bundle" is not absolute$/],
    ['/a\0b', /not absolute/],
    ['/nowhere/at/all', /^open \/nowhere\/at\/all\/config\.json: no such file or directory$/],
    ['/etc/hostname', /^open \/etc\/hostname\/config\.json: not a directory$/],
  ])('bundle path %j', async (path, message) => {
    await expect(loadBundle(foreignHere, path, { path: lifted(), setsOomScore: false })).rejects.toMatchObject({ code: 'bad-bundle', message: expect.stringMatching(message) as string });
  });

  test.each([
    ['no file', undefined, /config\.json: no such file or directory$/],
    ['not JSON', '{"ociVersion":"1.0.0",\n}', /config\.json: not valid JSON: .* at position 23$/],
    ['cut off', '{"ociVersion":"1.0', /config\.json: not valid JSON: .* at position 18$/],
    ['a list', '[]', /config\.json: expected an object, found a list$/],
    ['no process', { ...modern, process: undefined }, /config\.json: process: expected an object, found nothing$/],
    ['no arguments', { ...modern, process: { ...modern.process, args: [] } }, /config\.json: process\.args: must not be empty$/],
    ['arguments of a wrong type', { ...modern, process: { ...modern.process, args: 'sh' } }, /config\.json: process\.args: expected a list of strings, found a string$/],
    ['a version of a wrong type', { ...modern, ociVersion: 1 }, /config\.json: ociVersion: expected a string, found the number 1$/],
    ['a root of a wrong type', { ...modern, root: 'rootfs' }, /config\.json: root: expected an object, found a string$/],
    ['a root path of a wrong type', { ...modern, root: { path: 7 } }, /config\.json: root\.path: expected a string/],
    ['linux of a wrong type', { ...modern, linux: [] }, /config\.json: linux: expected an object, found a list$/],
    ['a namespace of a wrong type', { ...modern, linux: { namespaces: ['pid'] } }, /config\.json: linux\.namespaces\[0\]: expected an object, found a string$/],
    ['too deep', '['.repeat(1e6), /config\.json: not valid JSON: nested too deeply$/],
  ])('%s: one clear line', async (_, content, message) => {
    if (content !== undefined) write(content);
    const error = await failureOfLoading();
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error).toMatchObject({ code: 'bad-bundle' });
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/\n/);
    expect(existsSync(lifted())).toBe(false);
  });

  test.each([
    ['a FIFO', () => execFileSync('mkfifo', [config()]), /not a regular file/],
    ['a directory', () => mkdirSync(config()), /not a regular file/],
    ['an endless device', () => symlinkSync('/dev/zero', config()), /not a regular file/],
    ['9 MiB', () => {
      write('');
      truncateSync(config(), 9 << 20);
    }, /larger than 8388608 bytes/],
  ])('%s for a config.json is refused at once', async (_, make, message) => {
    make();
    expect((await failureOfLoading()).message).toMatch(message);
  });

  test('where the lifted spec cannot be written, that is the error', async () => {
    write({ ...modern, ociVersion: '0.6.0' });
    writeFileSync(join(scratch(), 'state.holdfast'), '');
    await expect(load()).rejects.toMatchObject({ code: 'bad-bundle', message: expect.stringMatching(/^write .*c1\/config\.json: not a directory$/) as string });
  });

  test('a restart finds the lifted bundle again, though the client’s be gone', async () => {
    write({ ...modern, ociVersion: '0.6.0' });
    const before = await load();
    renameSync(bundle(), join(scratch(), 'gone'));
    expect(reloadBundle(bundle(), lifted())).toEqual(before);
    removeLiftedBundle(lifted());
    removeLiftedBundle(lifted());
    expect(thrownBy(() => reloadBundle(bundle(), lifted())).message).toMatch(/no such file or directory/);
  });

  test('the lifted bundle’s directory is for root alone', async () => {
    write({ ...modern, ociVersion: '0.6.0' });
    chmodSync(scratch(), 0o755);
    await load();
    expect(statSync(lifted()).mode & 0o777).toBe(0o700);
  });
});
