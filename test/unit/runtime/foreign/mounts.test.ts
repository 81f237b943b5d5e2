import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { mountAll, mountCallOf, unmountAll } from '../../../../src/runtime/foreign/mounts';
import { thrownBy, useScratch } from '../scratch';

const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SLAVE = 0x80000;

test.each([
  [['rbind', 'rw'], { flags: MS_BIND | MS_REC, propagations: [], data: '' }],
  [['ro', 'bind', 'rslave'], { flags: MS_RDONLY | MS_BIND, propagations: [MS_SLAVE | MS_REC], data: '' }],
  [['ro', 'rw', 'nosuid', 'suid', 'nosuid'], { flags: MS_NOSUID, propagations: [], data: '' }],
  [['workdir=/w', 'upperdir=/u', 'lowerdir=/b:/a'], { flags: 0, propagations: [], data: 'workdir=/w,upperdir=/u,lowerdir=/b:/a' }],
])('the options %j', (options, call) => {
  expect(mountCallOf(options)).toEqual(call);
});

describe('mounts', () => {
  // Before the directory goes.
  afterEach(() => {
    unmountAll(target());
  });
  const scratch = useScratch();
  const target = (): string => join(scratch(), 'rootfs');
  const make = (name: string): string => {
    const path = join(scratch(), name);
    mkdirSync(path);
    writeFileSync(join(path, name), name);
    return path;
  };
  const mountsOn = (path: string): string[] => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(` ${path} `));
  beforeEach(() => {
    mkdirSync(target());
  });

  test('lie on each other in their order, and go all at once', () => {
    const source = make('a');
    const layers = { type: 'overlay', source: 'overlay', options: [`lowerdir=${make('lower')}:${make('lowest')}`] };
    mountAll([{ type: 'bind', source, options: ['rbind', 'rw'] }, layers], target());
    expect(readFileSync(join(target(), 'lowest'), 'utf8')).toBe('lowest');
    expect(mountsOn(target())).toHaveLength(2);
    unmountAll(target());
    unmountAll(target());
    expect(mountsOn(target())).toEqual([]);
  });

  test('a hundred layers, whose paths are more than the kernel takes, are all there', () => {
    const layers = Array.from({ length: 100 }, (_, at) => make(`layer-${String(at).padStart(22, '0')}`));
    const upper = join(make('own'), 'fs');
    const work = join(scratch(), 'own/work');
    for (const path of [upper, work]) mkdirSync(path);
    const before = process.cwd();
    mountAll([{ type: 'overlay', source: 'overlay', options: [`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${layers.join(':')}`] }], target());
    expect(readdirSync(target()).sort()).toEqual(layers.map((path) => basename(path)).sort());
    expect(process.cwd()).toBe(before);
  });

  test('a bind mount that is to be read-only is', () => {
    mountAll([{ type: 'bind', source: make('a'), options: ['bind', 'ro'] }], target());
    expect(() => { writeFileSync(join(target(), 'a'), ''); }).toThrow(/EROFS/);
  });

  test('where one fails none is left', () => {
    const missing = join(scratch(), 'missing');
    const asked = [{ type: 'bind', source: make('a'), options: ['bind'] }, { type: 'bind', source: missing, options: ['bind'] }];
    expect(thrownBy(() => { mountAll(asked, target()); }).message).toBe(`mount ${missing} on ${target()}: no such file or directory`);
    expect(mountsOn(target())).toEqual([]);
  });

  test('where nothing is mounted, nothing is undone', () => {
    unmountAll(target());
    unmountAll(join(scratch(), 'missing'));
  });
});
