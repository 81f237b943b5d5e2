import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ForeignFiles } from '../../../../src/runtime/foreign/foreign-files';
import { mountProgramOf } from '../../../../src/runtime/foreign/mount-programs';
import { unmountAll } from '../../../../src/runtime/foreign/mounts';
import { isMountPoint } from '../../../../src/sys/files/mounted-here';
import { Poller } from '../../../../src/sys/poller';
import { ChildReaper } from '../../../../src/sys/process/children';
import { useScratch } from '../scratch';

const overlay = { type: 'overlay', source: 'overlay', options: ['index=off', 'workdir=/w', 'upperdir=/u', 'lowerdir=/b:/a'] };

test('mount(8) gets the mounts of snapshots as the kernel is to get them', () => {
  expect(mountProgramOf([overlay], '/to')?.args.slice(-7)).toEqual(['-t', 'overlay', '-o', 'index=off,workdir=/w,upperdir=/u,lowerdir=/b:/a', '--', 'overlay', '/to']);
  expect(mountProgramOf([{ type: 'bind', source: '/from', options: ['rw', 'rbind'] }], '/to')?.args.slice(-5)).toEqual(['-o', 'rw,rbind', '--', '/from', '/to']);
});

test.each([
  ['several', [overlay, overlay]],
  ['none', []],
  ['a flag that takes a second call', [{ type: 'bind', source: '/from', options: ['ro', 'rbind'] }]],
  ['a bind that is none', [{ type: 'bind', source: '/from', options: ['rw'] }]],
  ['an option of its own', [{ ...overlay, options: [...overlay.options, 'loop'] }]],
  ['a quotation mark', [{ ...overlay, options: ['lowerdir=/"a,b"'] }]],
  ['a comma in an option', [{ ...overlay, options: ['lowerdir=/a,suid'] }]],
  ['a tag instead of a path', [{ type: 'bind', source: 'LABEL=root', options: ['rbind'] }]],
  ['a tag instead of a name', [{ ...overlay, source: 'LABEL=root' }]],
  ['another file system', [{ type: 'nfs', source: 'host:/x', options: [] }]],
  ['more than a page', [{ ...overlay, options: [`lowerdir=${'/a:'.repeat(2000)}/a`] }]],
])('mount(8) is not given %s', (_, mounts) => {
  expect(mountProgramOf(mounts, '/to')).toBeUndefined();
});

describe('by programs', () => {
  const scratch = useScratch();
  const target = (): string => join(scratch(), 'rootfs');
  let poller: Poller;
  let reaper: ChildReaper;
  let files: ForeignFiles;
  beforeEach(() => {
    mkdirSync(target());
    poller = new Poller((error) => { throw error; });
    poller.ref();
    reaper = new ChildReaper(poller);
    // Hands cannot be started: what is done is done without one.
    files = new ForeignFiles({ program: '/nowhere/holdfast-shim', reaper, poller, onGivenUp: () => undefined, idleMs: 0 });
  });
  afterEach(() => {
    files.close();
    reaper.close();
    poller.close();
    unmountAll(target());
  });

  test('a directory is mounted and unmounted while there is no hand', async () => {
    const from = join(scratch(), 'from');
    mkdirSync(from);
    writeFileSync(join(from, 'file'), 'of it');
    await files.mount([{ type: 'bind', source: from, options: ['rbind', 'rw'] }], target(), AbortSignal.timeout(60_000));
    expect(readFileSync(join(target(), 'file'), 'utf8')).toBe('of it');
    expect(isMountPoint(target())).toBe(true);
    await files.unmount(target());
    expect(isMountPoint(target())).toBe(false);
  });

  test('where nothing is mounted, nobody is sent', async () => {
    await files.unmount(target());
  });

  test('what the program does not do a hand is asked for, which tells why', async () => {
    await expect(files.mount([{ type: 'bind', source: join(scratch(), 'nothing'), options: ['rbind'] }], target(), AbortSignal.timeout(60_000))).rejects.toThrow(/that was to do it has ended/);
    expect(isMountPoint(target())).toBe(false);
  });
});
