import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { StateDir } from '../../../src/runtime/state-dir/layout';
import { discardDir, emptyTrash, replaceDir, sweepLiftedBundles } from '../../../src/worker/discard';
import { setAside } from '../../../src/worker/set-aside';
import { bindMount } from '../../support/bind-mount';
import { describeOnHost } from '../../support/requires';
import { Scratch } from '../sys/resources';

const lines: string[] = [];
const keep = (_fields: object, message: string): void => { lines.push(message); };
const log = { debug: keep, info: keep, warn: keep, error: keep };

describeOnHost('what is discarded or set aside', ['root'], () => {
  let scratch: Scratch;
  let stateDir: StateDir;
  const unmounts: (() => void)[] = [];
  beforeEach(() => {
    lines.length = 0;
    scratch = new Scratch();
    stateDir = new StateDir(scratch.file('state'));
    mkdirSync(stateDir.root);
    mkdirSync(scratch.file('precious'));
    writeFileSync(scratch.file('precious/file'), 'mine');
  });
  afterEach(() => {
    for (const unmount of unmounts.splice(0).reverse()) unmount();
    expect(readFileSync(scratch.file('precious/file'), 'utf8')).toBe('mine');
    scratch.remove();
  });

  /** The state directory becomes a mount of its own, so that nothing can be renamed out of it. */
  const mountRoot = (): void => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', stateDir.root]);
    unmounts.push(() => execFileSync('umount', [stateDir.root]));
  };
  const make = (id: string): string => {
    mkdirSync(stateDir.processDir(id, 'init'), { recursive: true });
    writeFileSync(`${stateDir.processDir(id, 'init')}/pid`, '1');
    return stateDir.containerDir(id);
  };
  const mountOn = (path: string): void => {
    unmounts.push(bindMount(scratch.file('precious'), path));
  };
  const unmountLast = (): void => { unmounts.pop()?.(); };

  test('a directory that something is mounted on is neither taken apart nor entered', () => {
    const dir = make('box');
    mountOn(dir);
    expect(() => { discardDir(stateDir, dir); }).toThrow(/busy|mount/);
    expect(() => setAside(stateDir, dir, 'box')).toThrow(/EBUSY/);
    unmountLast();
    discardDir(stateDir, dir);
    expect(existsSync(dir)).toBe(false);
  });

  test('nor one that cannot be renamed, as in a state directory that is a mount of its own', () => {
    mountRoot();
    const dir = make('box');
    mountOn(stateDir.processDir('box', 'init'));
    expect(() => { discardDir(stateDir, dir); }).toThrow(/mount point/);
    expect(() => setAside(stateDir, dir, 'box')).toThrow(/mount point/);
    expect(readdirSync(`${stateDir.companion}/set-aside`)).toEqual([]);
    unmountLast();
    expect(readdirSync(`${setAside(stateDir, dir, 'box')}/init`)).toEqual(['pid']);
    expect(existsSync(dir)).toBe(false);
  });

  test('a mounted file in it is not copied', () => {
    mountRoot();
    const dir = make('box');
    const pid = `${stateDir.processDir('box', 'init')}/pid`;
    unmounts.push(bindMount(scratch.file('precious/file'), pid));
    expect(() => setAside(stateDir, dir, 'box')).toThrow(/mount point/);
    expect(readdirSync(`${stateDir.companion}/set-aside`)).toEqual([]);
  });

  test('a directory that is made anew has the old one discarded, and one that was not there nothing', () => {
    mkdirSync(stateDir.containerDir('box'), { recursive: true });
    const dir = stateDir.processDir('box', 'exec');
    const make = (file: string) => (fresh: string): void => {
      mkdirSync(fresh);
      writeFileSync(`${fresh}/${file}`, '');
    };
    const rubbish = (): string[] => readdirSync(`${stateDir.companion}/trash`).flatMap((name) => readdirSync(`${stateDir.companion}/trash/${name}`));
    replaceDir(stateDir, dir, make('first'));
    expect(rubbish()).toEqual([]);
    replaceDir(stateDir, dir, make('second'));
    expect(rubbish()).toEqual(['first']);
    expect(readdirSync(dir)).toEqual(['second']);
    expect(() => { replaceDir(stateDir, dir, (fresh) => { make('half')(fresh); throw new Error('full'); }); }).toThrow('full');
    expect(rubbish().sort()).toEqual(['first', 'half']);
    emptyTrash(stateDir, log);
    expect(rubbish()).toEqual([]);
    expect(readdirSync(dir)).toEqual(['second']);
  });

  test('a link is copied as a link', () => {
    mountRoot();
    const dir = make('box');
    symlinkSync(scratch.file('precious'), `${dir}/link`);
    const aside = setAside(stateDir, dir, 'box');
    expect(readdirSync(aside, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink()).map((entry) => entry.name)).toEqual(['link']);
  });

  test('one entry of the trash or of the lifted bundles that cannot go keeps no other, and the log names it', () => {
    for (const place of ['trash', 'bundles']) {
      for (const name of ['stuck', 'other']) mkdirSync(`${stateDir.companion}/${place}/${name}/below`, { recursive: true });
      mountOn(`${stateDir.companion}/${place}/stuck/below`);
    }
    emptyTrash(stateDir, log);
    sweepLiftedBundles(stateDir, log);
    expect(readdirSync(`${stateDir.companion}/trash`)).toEqual(['stuck']);
    expect(readdirSync(`${stateDir.companion}/bundles`)).toEqual(['stuck']);
    expect(lines).toHaveLength(2);
  });
});
